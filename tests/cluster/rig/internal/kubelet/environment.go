package kubelet

import (
	"fmt"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"

	"sallygate.test/rig/internal/images"
)

// What every container has, under its image's and its own.
func (w *worker) defaults() map[string]string {
	return map[string]string{
		"PATH":                          "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME":                          "/tmp",
		"LANG":                          "C.UTF-8",
		"HOSTNAME":                      w.hostname(),
		"KUBERNETES_SERVICE_HOST":       w.kubelet.addresses.KubernetesService().String(),
		"KUBERNETES_SERVICE_PORT":       "443",
		"KUBERNETES_SERVICE_PORT_HTTPS": "443",
	}
}

// environment of a container: what refers to something that is not there is an error, unless it is optional.
func (w *worker) environment(container *v1.Container, image images.Image) (map[string]string, error) {
	values := w.defaults()
	for name, value := range image.Environment {
		values[name] = value
	}
	for _, source := range container.EnvFrom {
		var data map[string]string
		var err error
		switch {
		case source.ConfigMapRef != nil:
			data, err = w.configMap(source.ConfigMapRef.Name, source.ConfigMapRef.Optional)
		case source.SecretRef != nil:
			data, err = w.secret(source.SecretRef.Name, source.SecretRef.Optional)
		}
		if err != nil {
			return nil, err
		}
		for name, value := range data {
			values[source.Prefix+name] = value
		}
	}
	expand := expansion.MappingFuncFor(values)
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			values[variable.Name] = expansion.Expand(variable.Value, expand)
			continue
		}
		value, found, err := w.value(container, variable.ValueFrom)
		if err != nil {
			return nil, fmt.Errorf("env %s: %w", variable.Name, err)
		}
		if found {
			values[variable.Name] = value
		}
	}
	return values, nil
}

func (w *worker) value(container *v1.Container, source *v1.EnvVarSource) (string, bool, error) {
	switch {
	case source.FieldRef != nil:
		value, err := w.field(source.FieldRef.FieldPath)
		return value, true, err
	case source.ResourceFieldRef != nil:
		owner := source.ResourceFieldRef.ContainerName
		if owner == "" {
			owner = container.Name
		}
		value, err := resource.ExtractResourceValueByContainerNameAndNodeAllocatable(
			source.ResourceFieldRef, w.pod, owner, capacity)
		return value, true, err
	case source.ConfigMapKeyRef != nil:
		data, err := w.configMap(source.ConfigMapKeyRef.Name, source.ConfigMapKeyRef.Optional)
		return key(data, source.ConfigMapKeyRef.Key, source.ConfigMapKeyRef.Optional, err)
	case source.SecretKeyRef != nil:
		data, err := w.secret(source.SecretKeyRef.Name, source.SecretKeyRef.Optional)
		return key(data, source.SecretKeyRef.Key, source.SecretKeyRef.Optional, err)
	}
	return "", false, fmt.Errorf("a source that the rig does not know")
}

func key(data map[string]string, name string, optional *bool, err error) (string, bool, error) {
	value, found := data[name]
	if err == nil && !found && (optional == nil || !*optional) {
		err = fmt.Errorf("no key %q", name)
	}
	return value, found, err
}

// field of the pod, as the downward API names them.
func (w *worker) field(path string) (string, error) {
	switch path {
	case "spec.nodeName":
		return w.pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return w.pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return w.kubelet.addresses.Node().String(), nil
	case "status.podIP", "status.podIPs":
		return w.address.String(), nil
	}
	return fieldpath.ExtractFieldPathAsString(w.pod, path)
}

func (w *worker) configMap(name string, optional *bool) (map[string]string, error) {
	found, err := w.kubelet.configMaps.ConfigMaps(w.pod.Namespace).Get(name)
	if errors.IsNotFound(err) && optional != nil && *optional {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return found.Data, nil
}

func (w *worker) secret(name string, optional *bool) (map[string]string, error) {
	found, err := w.kubelet.secrets.Secrets(w.pod.Namespace).Get(name)
	if errors.IsNotFound(err) && optional != nil && *optional {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data := map[string]string{}
	for name, value := range found.Data {
		data[name] = string(value)
	}
	return data, nil
}

// command is the image's entrypoint unless the container has its own, then its arguments, with $(NAME) replaced.
func command(container *v1.Container, image images.Image, values map[string]string) []string {
	expand := expansion.MappingFuncFor(values)
	words := []string{}
	if len(container.Command) == 0 {
		words = append(words, image.Command...)
	}
	for _, word := range append(append([]string{}, container.Command...), container.Args...) {
		words = append(words, expansion.Expand(word, expand))
	}
	return words
}

func (w *worker) hostname() string {
	if w.pod.Spec.Hostname != "" {
		return w.pod.Spec.Hostname
	}
	return w.pod.Name
}

func (w *worker) folder(parts ...string) string {
	return filepath.Join(append([]string{w.kubelet.folder, string(w.pod.UID)}, parts...)...)
}
