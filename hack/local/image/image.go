package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"path/filepath"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// recipe is part of each tag of a wrapped program: change it with what is put around.
const recipe = "1"

const nonroot = "65532"

// plan is an image that may have to be made.
type plan struct {
	repository, tag string
	files           func() ([]file, error)
	config          v1.Config
}

// Program is the reference, by digest, of an image that runs a program as ko would
// have made it.
func (r Registry) Program(ctx context.Context, importPath, binary string) (string, error) {
	app := "/ko-app/" + path.Base(importPath)
	config := baseConfig()
	config.Entrypoint = []string{app}
	config.Env = append(config.Env, "KO_DATA_PATH=/var/run/ko")
	return r.ensure(ctx, plan{
		repository: importPath,
		tag:        recipe + "-" + filepath.Base(filepath.Dir(binary)),
		config:     config,
		files: func() ([]file, error) {
			base, err := baseFiles()
			return append(base, file{path: app[1:], mode: 0o555, from: binary}), err
		},
	})
}

// ensure gives the reference of the image by digest, and makes it when it is missing.
func (r Registry) ensure(ctx context.Context, p plan) (string, error) {
	ref, err := name.ParseReference(r.Local+"/"+p.repository+":"+p.tag, name.Insecure)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", p.repository, err)
	}
	digest, err := r.find(ctx, ref)
	if err != nil {
		digest, err = r.push(ctx, ref, p)
	}
	if err != nil {
		return "", fmt.Errorf("image %s: %w", p.repository, err)
	}
	return r.Wan + "/" + p.repository + "@" + digest.String(), nil
}

func (r Registry) find(ctx context.Context, ref name.Reference) (v1.Hash, error) {
	found, err := remote.Head(ref, remote.WithContext(ctx))
	if err != nil {
		return v1.Hash{}, err
	}
	return found.Digest, nil
}

func (r Registry) push(ctx context.Context, ref name.Reference, p plan) (v1.Hash, error) {
	files, err := p.files()
	if err != nil {
		return v1.Hash{}, err
	}
	content, err := layer(files)
	if err != nil {
		return v1.Hash{}, err
	}
	img, err := mutate.AppendLayers(empty.Image, content)
	if err != nil {
		return v1.Hash{}, err
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		return v1.Hash{}, err
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture, cfg.Config = "linux", runtime.GOARCH, p.config
	if img, err = mutate.ConfigFile(img, cfg); err != nil {
		return v1.Hash{}, err
	}
	if err := remote.Write(ref, img, remote.WithContext(ctx)); err != nil {
		var refused *transport.Error
		if errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound {
			return v1.Hash{}, fmt.Errorf("another program answers on %s: %w", r.Local, err)
		}
		return v1.Hash{}, err
	}
	return img.Digest()
}
