package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/hack/local/host"
)

func down() *cobra.Command {
	return &cobra.Command{
		Use:   "down [NAME...]",
		Short: "Remove clusters and hosts, from any state; all of them without a name",
		RunE: func(cmd *cobra.Command, args []string) error {
			names := args
			if len(names) == 0 {
				var err error
				if names, err = all(); err != nil {
					return err
				}
			}
			var errs []error
			for _, name := range names {
				errs = append(errs, remove(cmd.Context(), name))
			}
			if len(args) == 0 {
				errs = append(errs, cluster.StopRegistry())
			}
			return errors.Join(errs...)
		},
	}
}

// all are the names of what there is.
func all() ([]string, error) {
	clusters, err := cluster.List()
	if err != nil {
		return nil, err
	}
	hosts, err := host.List()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range clusters {
		names = append(names, c.Name())
	}
	for _, h := range hosts {
		names = append(names, h.Name())
	}
	return names, nil
}

// remove removes what is called so; a namespace's name is only one thing's.
func remove(ctx context.Context, name string) error {
	if _, err := host.Open(name); !errors.Is(err, host.ErrNotFound) {
		return host.Down(ctx, host.Config{Name: name, Log: os.Stderr})
	}
	return cluster.Down(ctx, cluster.Config{Name: name, Log: os.Stderr})
}

// open finds a running cluster and shows its progress.
func open(name string) (*cluster.Cluster, error) {
	c, err := cluster.Open(name)
	if err == nil {
		c.ShowProgress(os.Stderr)
	}
	return c, err
}

func hostUp() *cobra.Command {
	cfg := host.Config{Log: os.Stderr}
	cmd := &cobra.Command{
		Use:   "host NAME",
		Short: "Make a build host, or find it running",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Name = args[0]
			h, err := host.Up(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return printLine(cmd, h.Address()+" "+h.HostKey()+"\n"+h.ClientKeyPath())
		},
	}
	cmd.Flags().StringSliceVar(&cfg.Users, "user", nil, "who may log in (default builder)")
	return cmd
}
