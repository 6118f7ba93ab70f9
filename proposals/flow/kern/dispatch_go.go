package kern

// available returns the levels that this program and this machine have.
func available() []level { return []level{levelGo} }
