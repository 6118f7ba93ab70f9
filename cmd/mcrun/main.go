// Mcrun runs Monte Carlo simulations of lattice models from run cards.
package main

import "mcrun/cmd"

func main() { cmd.Main() }
