{{/* Names, namespace, labels, image. The shapes are ingress-nginx's, so that a release can be upgraded in place. */}}

{{- define "sallygate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sallygate.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "sallygate.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "sallygate.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "sallygate.controller" -}}
{{- printf "%s-%s" (include "sallygate.fullname" .) .Values.controller.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sallygate.backend" -}}
{{- printf "%s-%s" (include "sallygate.fullname" .) .Values.defaultBackend.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sallygate.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "sallygate.serviceAccount" -}}
{{- default (ternary (include "sallygate.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{/* `dict "root" $ "component" NAME` for these two: what selects pods never changes, what describes objects may. */}}
{{- define "sallygate.selector" -}}
app.kubernetes.io/name: {{ include "sallygate.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* `more` (optional): labels that win over ours. Merged, as a key written twice is an error to strict parsers. */}}
{{- define "sallygate.labels" -}}
{{- $own := include "sallygate.selector" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/part-of" (include "sallygate.name" .root) -}}
{{- $_ := set $own "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- mergeOverwrite $own (deepCopy (default dict .root.Values.commonLabels)) (deepCopy (default dict .more)) | toYaml -}}
{{- end -}}

{{/* A number or a boolean as a text: never 1e+06, which is how templates print a million that came from YAML. */}}
{{- define "sallygate.text" -}}
{{- if kindIs "string" . -}}{{ . }}{{- else -}}{{ toJson . }}{{- end -}}
{{- end -}}

{{/* True where `controller.image` names ingress-nginx's own image, as a pasted file does: it cannot run our commands. */}}
{{- define "sallygate.foreignImage" -}}
{{- with .Values.controller.image -}}
{{- if or (contains "ingress-nginx/" (default "" .repository)) (contains "ingress-nginx/" (default "" .image)) -}}
true
{{- else if and (not .repository) (eq .image "sallygate") (hasPrefix "v" (default "" .tag)) -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sallygate.image" -}}
{{- $registry := default "" .Values.global.image.registry -}}
{{- $image := .Values.controller.image -}}
{{- if include "sallygate.foreignImage" . -}}
{{- $image = dict "image" "sallygate" -}}
{{- end -}}
{{- include "sallygate.reference" (dict "image" $image "registry" $registry "tag" .Chart.AppVersion) -}}
{{- end -}}

{{/* `repository`, or `registry` and `image`; then `tag` and `digest`. */}}
{{- define "sallygate.reference" -}}
{{- $registry := default .registry .image.registry -}}
{{- $name := default (ternary (printf "%s/%s" $registry .image.image) .image.image (not (empty $registry))) .image.repository -}}
{{- $name }}:{{ default .tag .image.tag }}{{ with .image.digest }}@{{ . }}{{ end -}}
{{- end -}}
