package proposals

import "mcrun/mc"

// labels are the clusters of nodes, numbered from 0: the label of a node is one
// of the same cluster that is not above it, and that of the first is itself.
type labels []uint32

// join makes the clusters of two nodes one.
func (l labels) join(i, j uint32) {
	i, j = l.first(i), l.first(j)
	l[max(i, j)] = min(i, j)
}

// first returns the first node of a cluster, and shortens the way to it.
func (l labels) first(i uint32) uint32 {
	for {
		label := l[i]
		if label == i {
			return i
		}
		l[i] = l[label]
		i = l[i]
	}
}

// flatten makes the label of every node the first of its cluster.
func (l labels) flatten() {
	for i, label := range l {
		l[i] = l[label] // flat already, since it is not above i
	}
}

// fates draws the fate of each cluster, with probability 1/2 to be changed, and
// changes its nodes. It flattens the labels; fate is as long as they are.
func (l labels) fates(fate []bool, random *mc.Stream, change func(i int)) {
	l.flatten()
	for i, first := range l {
		if int(first) == i {
			fate[i] = random.Below(half)
		}
		if fate[first] {
			change(i)
		}
	}
}
