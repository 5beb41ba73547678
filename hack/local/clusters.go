package main

import (
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/hack/local/host"
)

func up() *cobra.Command {
	cfg := cluster.Config{Log: os.Stderr}
	var mode string
	cmd := &cobra.Command{
		Use:   "up NAME",
		Short: "Make a cluster, finish it, or find it running",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Name, cfg.Mode = args[0], cluster.Mode(mode)
			c, err := cluster.Up(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return printLine(cmd, c.Kubeconfig())
		},
	}
	cmd.Flags().StringVar(&mode, "mode", string(cluster.Node), "node or control-plane")
	cmd.Flags().BoolVar(&cfg.WithTekton, "tekton", true, "install Tekton Pipelines")
	cmd.Flags().BoolVar(&cfg.AuditLog, "audit", false, "log every request to the API server")
	return cmd
}

func status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say what there is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			clusters, err := cluster.List()
			if err != nil {
				return err
			}
			hosts, err := host.List()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, c := range clusters {
				_, _ = fmt.Fprintf(w, "cluster\t%s\t%s\t%s\n", c.Name(), c.Mode(), c.Server())
				for _, p := range c.Processes() {
					_, _ = fmt.Fprintf(w, "\t%s\t%s\t%s\n", p.Name, state(p.Running()), p.LogPath())
				}
			}
			for _, h := range hosts {
				_, _ = fmt.Fprintf(w, "host\t%s\t%s\t%s\n", h.Name(), state(h.Running()), h.Address())
			}
			return w.Flush()
		},
	}
}

func state(running bool) string {
	if running {
		return "running"
	}
	return "ended"
}

func kubeconfig() *cobra.Command {
	var user string
	var groups []string
	cmd := &cobra.Command{
		Use:   "kubeconfig NAME",
		Short: "Print the path of a kubeconfig, the administrator's unless another user is named",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := cluster.Open(args[0])
			if err != nil {
				return err
			}
			if user == "" {
				return printLine(cmd, c.Kubeconfig())
			}
			path, err := c.UserKubeconfig(user, groups...)
			if err != nil {
				return err
			}
			return printLine(cmd, path)
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "make a certificate for this user")
	cmd.Flags().StringSliceVar(&groups, "group", nil, "groups of the user")
	return cmd
}

func install() *cobra.Command {
	var o cluster.CorbelOptions
	cmd := &cobra.Command{
		Use:   "install NAME",
		Short: "Build this checkout and install config/ on a cluster",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := open(args[0])
			if err != nil {
				return err
			}
			return c.InstallCorbel(cmd.Context(), o)
		},
	}
	cmd.Flags().IntVar(&o.Replicas, "replicas", 0, "of each program; 0: as the manifests say")
	cmd.Flags().StringVar(&o.Folder, "folder", "", "folder under config/, such as agent")
	cmd.Flags().StringArrayVar(&o.ExtraArgs, "controller-arg", nil, "argument for the controller")
	return cmd
}

func triggers() *cobra.Command {
	return &cobra.Command{
		Use:   "install-triggers NAME",
		Short: "Install Tekton Triggers on a cluster that has Pipelines",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := open(args[0])
			if err != nil {
				return err
			}
			return c.InstallTriggers(cmd.Context())
		},
	}
}

func shellEnv() *cobra.Command {
	return &cobra.Command{
		Use:   "shell-env [NAME]",
		Short: "Print shell commands that set up ko, PATH and, for a cluster, KUBECONFIG",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := cluster.KoEnv(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				c, err := cluster.Open(args[0])
				if err != nil {
					return err
				}
				env = append(env, "KUBECONFIG="+c.Kubeconfig())
			}
			path := ""
			for _, name := range []string{"kubectl", "tkn", "ko", "crane"} {
				tool, err := cluster.Tool(cmd.Context(), name)
				if err != nil {
					return err
				}
				path += filepath.Dir(tool) + ":"
			}
			for _, e := range append(env, "PATH="+path+os.Getenv("PATH")) {
				if err := printLine(cmd, "export '"+e+"'"); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func printLine(cmd *cobra.Command, line string) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), line)
	return err
}
