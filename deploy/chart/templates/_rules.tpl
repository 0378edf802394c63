{{/* The permissions of `control`, each beside the flag that decides about it. `dict "root" $ "args" FLAGS`. */}}

{{- define "sallygate.writesStatus" -}}
{{- if ne (toString (dig "update-status" true .)) "false" }}true{{ end -}}
{{- end -}}

{{/* In every namespace that is watched. */}}
{{- define "sallygate.rules.watched" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- if include "sallygate.writesStatus" .args }}
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
{{- end }}
{{- end -}}

{{/* Certificates and the like, each read by its name once an Ingress refers to it. Names are not known beforehand. */}}
{{- define "sallygate.rules.secrets" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end -}}

{{/* What has no namespace. */}}
{{- define "sallygate.rules.wide" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [list, watch]
{{- if index .args "watch-namespace-selector" }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch]
{{- end }}
{{- if include "sallygate.nodeAddresses" .args }}
- apiGroups: [""]
  resources: [nodes]
  verbs: [get]
{{- end }}
{{- end -}}

{{/* Status tells the addresses of our pods' nodes only where nothing else was named. */}}
{{- define "sallygate.nodeAddresses" -}}
{{- if and (include "sallygate.writesStatus" .) (not (index . "publish-service")) (not (index . "publish-status-address")) }}true{{ end -}}
{{- end -}}

{{/* In single namespaces, and by name where the verb allows it: a list of `what`, `namespace`, `rules`. */}}
{{- define "sallygate.rules.named" -}}
{{- $own := include "sallygate.namespace" .root -}}
{{- $watched := default "" (index .args "watch-namespace") | toString | splitList "," -}}
- what: own
  namespace: {{ $own }}
  rules:
    {{- if ne (toString (default false (index .args "disable-leader-election"))) "true" }}
    - apiGroups: [coordination.k8s.io]
      resources: [leases]
      verbs: [create]
    - apiGroups: [coordination.k8s.io]
      resources: [leases]
      resourceNames: [{{ index .args "election-id" | quote }}]
      verbs: [get, update]
    {{- end }}
    {{- if include "sallygate.writesStatus" .args }}
    - apiGroups: [""]
      resources: [pods]
      verbs: [list]
    {{- end }}
{{- $named := dict "configmap" "configmaps" "tcp-services-configmap" "configmaps" "udp-services-configmap" "configmaps" -}}
{{- if $watched | first -}}
{{- $_ := set $named "publish-service" "services" -}}
{{- $_ := set $named "default-ssl-certificate" "secrets" -}}
{{- else if .root.Values.rbac.secretNamespaces -}}
{{- $_ := set $named "default-ssl-certificate" "secrets" -}}
{{- $watched = .root.Values.rbac.secretNamespaces -}}
{{- end -}}
{{- range $flag, $resource := $named -}}
{{- $object := splitList "/" (default "" (index $.args $flag) | toString) -}}
{{- if and (eq (len $object) 2) (or (eq $resource "configmaps") (not (has (first $object) $watched))) }}
- what: {{ $flag }}
  namespace: {{ first $object }}
  rules:
    - apiGroups: [""]
      resources: [{{ $resource }}]
      resourceNames: [{{ last $object | quote }}]
      verbs: [{{ ternary "get, list, watch" "list, watch" (eq $resource "secrets") }}]
{{- end -}}
{{- end -}}
{{- end -}}
