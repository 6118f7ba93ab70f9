package models

// RingOfClocks is the transfer matrix of a ring.
var RingOfClocks = ringOfClocks
