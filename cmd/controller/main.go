// Command controller brings Corbel's custom tasks forward.
package main

import (
	"log"

	"knative.dev/pkg/injection"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/signals"

	approval "github.com/corbel-dev/corbel/pkg/approval/reconciler"
	gate "github.com/corbel-dev/corbel/pkg/gate/reconciler"
	pause "github.com/corbel-dev/corbel/pkg/pause/reconciler"
	"github.com/corbel-dev/corbel/pkg/program"
)

// component names the program in its logs, its lease and its configuration.
const component = "corbel-controller"

func main() {
	if err := program.SetThreads(); err != nil {
		log.Fatal(err)
	}
	ctx := signals.NewContext()
	go program.ServeProbes(ctx)
	sharedmain.MainNamed(program.WithOwnProbes(ctx), component,
		injection.NamedControllerConstructor{Name: "gate", ControllerConstructor: program.WithPatientEvents(component, gate.NewController)},
		injection.NamedControllerConstructor{Name: "approval", ControllerConstructor: program.WithPatientEvents(component, approval.NewController)},
		injection.NamedControllerConstructor{Name: "pause", ControllerConstructor: program.WithPatientEvents(component, pause.NewController)},
	)
}
