package card

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// A Machine is what a card has to fit on.
type Machine struct {
	Memory  float64 // bytes; 0: unknown, and nothing is refused for its size
	Workers int     // how many chains run at once, at most
}

// ThisMachine returns the machine that the program runs on, with one worker
// for each processor.
func ThisMachine() Machine {
	text, _ := os.ReadFile("/proc/meminfo") // where there is none the memory is unknown
	return Machine{Memory: totalMemory(string(text)), Workers: runtime.GOMAXPROCS(0)}
}

// totalMemory returns the bytes stated by the line MemTotal of Linux's
// /proc/meminfo, or 0.
func totalMemory(meminfo string) float64 {
	for line := range strings.Lines(meminfo) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" && f[2] == "kB" {
			kib, _ := strconv.ParseFloat(f[1], 64)
			return kib * 1024
		}
	}
	return 0
}
