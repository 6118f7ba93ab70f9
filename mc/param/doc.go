// Package param decodes tables of a run card into structs.
package param
