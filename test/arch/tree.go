package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const modulePath = "github.com/corbel-dev/corbel"

// Tree is the hand-written Go source of the project.
type Tree struct {
	fset     *token.FileSet
	files    []*file
	packages map[string][]*file // by folder
	pure     map[string]bool    // folders already judged, see isPure
}

// file is one source file.
type file struct {
	path    string // slash-separated, from the top of the project
	fset    *token.FileSet
	lines   int
	ast     *ast.File
	imports []imported
}

type imported struct {
	path string
	name string // how the file calls it
	pos  token.Pos
}

// Load reads the tree under root.
func Load(root string) (*Tree, error) {
	t := newTree()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if foreign(rel) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || generated(rel) {
			return nil
		}
		src, err := os.ReadFile(name) //nolint:gosec // found below root
		if err != nil {
			return err
		}
		return t.add(rel, src)
	})
	if err != nil {
		return nil, fmt.Errorf("read the source tree: %w", err)
	}
	return t, nil
}

func newTree() *Tree {
	return &Tree{fset: token.NewFileSet(), packages: map[string][]*file{}, pure: map[string]bool{}}
}

func (t *Tree) add(name string, src []byte) error {
	parsed, err := parser.ParseFile(t.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	f := &file{path: name, fset: t.fset, ast: parsed, lines: bytes.Count(src, []byte("\n"))}
	for _, spec := range parsed.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		in := imported{path: p, name: path.Base(p), pos: spec.Pos()}
		if spec.Name != nil {
			in.name = spec.Name.Name
		}
		f.imports = append(f.imports, in)
	}
	t.files = append(t.files, f)
	t.packages[f.dir()] = append(t.packages[f.dir()], f)
	return nil
}

// foreign folders hold source that is not ours, or none.
func foreign(dir string) bool {
	base := path.Base(dir)
	return dir == "pkg/client" || dir == "third_party" || dir == "bin" || dir == "dist" ||
		base == "testdata" || dir != "." && strings.HasPrefix(base, ".")
}

func generated(name string) bool {
	return strings.HasPrefix(path.Base(name), "zz_generated")
}

func (f *file) dir() string  { return path.Dir(f.path) }
func (f *file) base() string { return path.Base(f.path) }

func (f *file) line(p token.Pos) int { return f.fset.Position(p).Line }

// in is true below any of the folders.
func (f *file) in(dirs ...string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return under(f.dir(), dir) })
}

func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// isTesting is true for what runs in tests alone: test files, test/** and helpers.
func (f *file) isTesting() bool { return f.isTest() || f.in("test") || isHelper(f.dir()) }

// isGlue is true in a folder called reconciler, or below it.
func (f *file) isGlue() bool { return slices.Contains(strings.Split(f.dir(), "/"), "reconciler") }

// isHelper is true for a package that tests share, such as customruntest.
func isHelper(dir string) bool {
	base := path.Base(dir)
	return under(dir, "pkg") && strings.HasSuffix(base, "test") && base != "test"
}

// ours is the folder of an imported package of this project.
func ours(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, modulePath+"/")
}

// under is true for the folder itself and all below it.
func under(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, dir+"/")
}
