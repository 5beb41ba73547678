package program

import (
	"fmt"
	"os"
	"strconv"

	"knative.dev/pkg/controller"
)

// envThreads is knative's own name for how many objects each controller works on
// at the same time.
const envThreads = "K_THREADS_PER_CONTROLLER"

// SetThreads reads K_THREADS_PER_CONTROLLER, which knative's main reads only where
// controllers have no names. Without it, knative's default of two holds.
func SetThreads() error {
	text, ok := os.LookupEnv(envThreads)
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return fmt.Errorf("%s is %q; give a number from 1 on", envThreads, text)
	}
	controller.DefaultThreadsPerController = n
	return nil
}
