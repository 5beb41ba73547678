// Command tkn-corbel decides about gates in Tekton pipelines, as a plugin of
// tkn (tkn corbel …) or by itself. The commands are in pkg/cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/cli"
)

// version is set by the linker in releases.
var version = ""

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Execute(ctx, cli.NewRoot(cli.Options{
		Clock:   clock.RealClock{},
		Connect: cli.Dial,
		Version: buildVersion(),
	}))
	stop()
	os.Exit(code)
}

// buildVersion is the linked version, or what the Go toolchain knows.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
