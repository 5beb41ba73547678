package cluster

import (
	"context"
	"io"

	"github.com/corbel-dev/corbel/hack/local/build"
	"github.com/corbel-dev/corbel/hack/local/image"
	"github.com/corbel-dev/corbel/hack/local/progress"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// Tool is the path of a tool (kubectl, tkn, ko, crane …), without any cluster.
func Tool(ctx context.Context, name string) (string, error) { return build.Tool(ctx, name) }

// Binary is the path of a tool, built when it is missing.
func (c *Cluster) Binary(name string) (string, error) { return Tool(context.Background(), name) }

// program builds a program, and says so when that will take a while.
func (c *Cluster) program(ctx context.Context, importPath string) (string, error) {
	if build.Kept(ctx, importPath) {
		return build.Program(ctx, importPath)
	}
	c.log.Say("building %s", importPath)
	var binary string
	err := c.log.Step("built "+importPath, func() (err error) {
		binary, err = build.Program(ctx, importPath)
		return err
	})
	return binary, err
}

// tool is program by a tool's name.
func (c *Cluster) tool(ctx context.Context, name string) (string, error) {
	importPath, err := build.ImportPath(name)
	if err != nil {
		return "", err
	}
	return c.program(ctx, importPath)
}

// ShowProgress sends the lines of what is done from now on to out.
func (c *Cluster) ShowProgress(out io.Writer) { c.log = progress.New(out, c.name()) }

// KoEnv is the environment in which ko, run on this machine, builds images that the
// clusters can pull.
func KoEnv(ctx context.Context) ([]string, error) {
	r, err := image.Serve(ctx, state.Default())
	if err != nil {
		return nil, err
	}
	return r.KoEnv(ctx)
}

// StopRegistry ends the registry of images, which runs on while there is a cluster or
// a host, or after KoEnv. The images stay in the cache.
func StopRegistry() error { return image.Stop(context.Background(), state.Default()) }
