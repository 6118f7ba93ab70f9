// This program is mcrun with a model and a kernel of its own:
//
//	go run . plaquette.toml
package main

import "mcrun/cmd"

func main() { cmd.Main() }
