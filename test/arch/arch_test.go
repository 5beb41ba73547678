package arch

import "testing"

func TestTheTreeKeepsTheRules(t *testing.T) {
	tree, err := Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.files) < 20 {
		t.Fatalf("only %d files found: this is not the whole tree", len(tree.files))
	}
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, violation := range rule.Check(tree) {
				t.Error(violation)
			}
		})
	}
}
