package main

import (
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// countUp is a bar on a terminal that fills as something is counted up to a total; elsewhere it is not there.
type countUp struct {
	container *mpb.Progress
	bar       *mpb.Bar
}

func (a *app) countUp(name string, total int64) countUp {
	if !interactive(a.errOut) || total == 0 {
		return countUp{}
	}
	container := mpb.New(mpb.WithOutput(a.errOut), mpb.WithWidth(40))
	return countUp{container, container.AddBar(total,
		mpb.PrependDecorators(decor.Name(name+"  "), decor.CountersNoUnit("%d / %d", decor.WC{W: 15})),
		mpb.AppendDecorators(decor.AverageSpeed(0, "%.0f/s", decor.WC{W: 8})))}
}

func (c countUp) add(n int64) {
	if c.bar != nil {
		c.bar.IncrInt64(n)
	}
}

// end leaves the last state on the screen.
func (c countUp) end() {
	if c.bar != nil {
		c.bar.SetTotal(c.bar.Current(), true)
		c.container.Wait()
	}
}
