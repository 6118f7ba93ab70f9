package flow

import "mcrun/proposals"

// Learned is the ability of a kernel that moves by a flow, which is described
// apart from it and has to be trained first.
type Learned interface {
	proposals.Spec
	// FlowName returns the name of the flow: the NAME of [flow.NAME] on a card.
	FlowName() string
	// Suits returns nil if the kernel can move by a flow of a Spec, whatever the
	// model, and else a [*mcrun/mc/param.Error] with the kernel's key to be changed.
	Suits(s *Spec) error
	// WithFlow returns the kernel with a trained flow, which nothing changes any
	// more. Without one Bind panics; Check and Ergodic need none.
	WithFlow(f *Flow[float32]) proposals.Spec
}
