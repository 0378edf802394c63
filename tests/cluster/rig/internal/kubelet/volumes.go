package kubelet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/secret"
	"k8s.io/kubernetes/pkg/volume/util"
)

// refreshVolumes brings every volume of the pod up to date: called before the first container, and whenever a Secret or
// ConfigMap changes or a token grows old. Files are swapped in at once, through the symlink ..data, as kubelets do.
func (w *worker) refreshVolumes(ctx context.Context) error {
	for index := range w.pod.Spec.Volumes {
		volume := &w.pod.Spec.Volumes[index]
		if err := w.refreshVolume(ctx, volume); err != nil {
			return fmt.Errorf("volume %q: %w", volume.Name, err)
		}
	}
	return nil
}

func (w *worker) refreshVolume(ctx context.Context, volume *v1.Volume) error {
	folder := w.folder("volumes", volume.Name)
	switch {
	case volume.HostPath != nil:
		return nil // bound as it is
	case volume.EmptyDir != nil:
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		return os.Chmod(folder, 0o777) // whatever the umask is
	}
	payload, err := w.payload(ctx, volume)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	writer, err := util.NewAtomicWriter(folder, w.pod.Namespace+"/"+w.pod.Name)
	if err != nil {
		return err
	}
	return writer.Write(payload, func(sub string) error { return w.give(filepath.Join(folder, sub)) })
}

func (w *worker) payload(ctx context.Context, volume *v1.Volume) (map[string]util.FileProjection, error) {
	switch {
	case volume.Secret != nil:
		source := volume.Secret
		return w.secretPayload(source.SecretName, source.Items, source.DefaultMode, source.Optional)
	case volume.ConfigMap != nil:
		source := volume.ConfigMap
		return w.configMapPayload(source.Name, source.Items, source.DefaultMode, source.Optional)
	case volume.DownwardAPI != nil:
		return w.downward(volume.DownwardAPI.Items, volume.DownwardAPI.DefaultMode)
	case volume.Projected != nil:
		all := map[string]util.FileProjection{}
		for _, source := range volume.Projected.Sources {
			part, err := w.projected(ctx, volume.Name, source, volume.Projected.DefaultMode)
			if err != nil {
				return nil, err
			}
			for path, file := range part {
				all[path] = file
			}
		}
		return all, nil
	}
	return nil, fmt.Errorf("the rig has emptyDir, hostPath, secret, configMap, downwardAPI and projected volumes only")
}

func (w *worker) projected(
	ctx context.Context, volume string, source v1.VolumeProjection, mode *int32,
) (map[string]util.FileProjection, error) {
	switch {
	case source.Secret != nil:
		return w.secretPayload(source.Secret.Name, source.Secret.Items, mode, source.Secret.Optional)
	case source.ConfigMap != nil:
		return w.configMapPayload(source.ConfigMap.Name, source.ConfigMap.Items, mode, source.ConfigMap.Optional)
	case source.DownwardAPI != nil:
		return w.downward(source.DownwardAPI.Items, mode)
	case source.ServiceAccountToken != nil:
		token, err := w.token(ctx, volume, source.ServiceAccountToken)
		if err != nil {
			return nil, err
		}
		file := util.FileProjection{Data: []byte(token), Mode: *mode}
		return map[string]util.FileProjection{source.ServiceAccountToken.Path: file}, nil
	}
	return nil, fmt.Errorf("a projected source that the rig does not have")
}

func (w *worker) secretPayload(
	name string, items []v1.KeyToPath, mode *int32, optional *bool,
) (map[string]util.FileProjection, error) {
	may := optional != nil && *optional
	found, err := w.kubelet.secrets.Secrets(w.pod.Namespace).Get(name)
	if errors.IsNotFound(err) && may {
		found, err = &v1.Secret{}, nil
	}
	if err != nil {
		return nil, err
	}
	return secret.MakePayload(items, found, mode, may)
}

func (w *worker) configMapPayload(
	name string, items []v1.KeyToPath, mode *int32, optional *bool,
) (map[string]util.FileProjection, error) {
	may := optional != nil && *optional
	found, err := w.kubelet.configMaps.ConfigMaps(w.pod.Namespace).Get(name)
	if errors.IsNotFound(err) && may {
		found, err = &v1.ConfigMap{}, nil
	}
	if err != nil {
		return nil, err
	}
	return configmap.MakePayload(items, found, mode, may)
}

func (w *worker) downward(items []v1.DownwardAPIVolumeFile, mode *int32) (map[string]util.FileProjection, error) {
	files := map[string]util.FileProjection{}
	for _, item := range items {
		var text string
		var err error
		if item.FieldRef != nil {
			text, err = w.field(item.FieldRef.FieldPath)
		} else {
			text, err = resource.ExtractResourceValueByContainerNameAndNodeAllocatable(
				item.ResourceFieldRef, w.pod, item.ResourceFieldRef.ContainerName, capacity)
		}
		if err != nil {
			return nil, fmt.Errorf("file %q: %w", item.Path, err)
		}
		file := util.FileProjection{Data: []byte(text), Mode: *mode}
		if item.Mode != nil {
			file.Mode = *item.Mode
		}
		files[item.Path] = file
	}
	return files, nil
}

// give hands the files of a volume to the pod's fsGroup, or to the user it runs as: a token of mode 0600 can be read.
func (w *worker) give(folder string) error {
	security := w.pod.Spec.SecurityContext
	if security == nil || (security.FSGroup == nil && security.RunAsUser == nil) {
		return nil
	}
	return filepath.Walk(folder, func(path string, information os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if security.FSGroup == nil {
			return os.Lchown(path, int(*security.RunAsUser), -1)
		}
		if err := os.Lchown(path, -1, int(*security.FSGroup)); err != nil || information.Mode()&os.ModeSymlink != 0 {
			return err
		}
		return os.Chmod(path, information.Mode()|0o440)
	})
}
