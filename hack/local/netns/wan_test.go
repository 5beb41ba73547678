package netns

import (
	"testing"

	"github.com/corbel-dev/corbel/hack/local/state"
)

func TestRootsDoNotCollide(t *testing.T) {
	a, b := planned(state.Root{Dir: "/a"}), planned(state.Root{Dir: "/b"})
	if a.Bridge == b.Bridge || a.Prefix == b.Prefix {
		t.Errorf("two roots share %s %s and %s %s", a.Bridge, a.Prefix, b.Bridge, b.Prefix)
	}
	if again := planned(state.Root{Dir: "/a"}); again.Bridge != a.Bridge || again.Prefix != a.Prefix {
		t.Errorf("one root has %s and %s", a.Prefix, again.Prefix)
	}
}

func TestNamesFitTheKernelsLimit(t *testing.T) {
	const limit = 15
	w := planned(state.Root{Dir: "/a/long/folder/of/a/test"})
	l := w.Plan("a-name-as-long-as-they-may-be", w.at(11))
	for _, name := range []string{w.Bridge, l.Veth, Device} {
		if len(name) > limit {
			t.Errorf("%s is longer than %d", name, limit)
		}
	}
}

func TestAddressIsKeptUntilReleased(t *testing.T) {
	w, err := OpenWan(state.Root{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	first, err := w.Reserve("clusters/hub")
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.Reserve("clusters/edge")
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Errorf("two owners have %s", first)
	}
	if again, err := w.Reserve("clusters/hub"); err != nil || again != first {
		t.Errorf("Reserve again = %s, %v, want %s", again, err, first)
	}
}

func TestAddressIsKnownToALaterProgram(t *testing.T) {
	w, err := OpenWan(state.Root{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	first, err := w.Reserve("clusters/hub")
	if err != nil {
		t.Fatal(err)
	}
	reopened, err := OpenWan(w.root)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := reopened.Reserve("clusters/hub"); err != nil || again != first {
		t.Errorf("Reserve by a later program = %s, %v, want %s", again, err, first)
	}
	if err := reopened.Release(t.Context(), "clusters/hub"); err != nil {
		t.Fatal(err)
	}
	if !reopened.Empty() {
		t.Error("not empty after the last Release")
	}
}

func TestHardwareAddressFollowsTheAddress(t *testing.T) {
	w := planned(state.Root{Dir: "/a"})
	a, b := w.Plan("hub", w.at(11)), w.Plan("edge", w.at(11))
	if a.mac() != b.mac() {
		t.Errorf("one address has %s and %s: neighbours keep the old one", a.mac(), b.mac())
	}
	if a.mac() == w.Plan("edge", w.at(12)).mac() {
		t.Error("two addresses have one hardware address")
	}
}
