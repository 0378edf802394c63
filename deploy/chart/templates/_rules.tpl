{{/* The permissions of `control`, each beside the flag that decides about it. `dict "root" $ "args" FLAGS`. */}}

{{/* Without an election nobody leads, and only the leader writes anything. */}}
{{- define "sallygate.leads" -}}
{{- if not (include "sallygate.true" (dig "disable-leader-election" false .)) }}true{{ end -}}
{{- end -}}

{{- define "sallygate.writesStatus" -}}
{{- if and (include "sallygate.leads" .) (include "sallygate.true" (dig "update-status" true .)) }}true{{ end -}}
{{- end -}}

{{/* Status tells the addresses of our pods' nodes only where nothing else was named. */}}
{{- define "sallygate.nodeAddresses" -}}
{{- if and (include "sallygate.writesStatus" .) (not (index . "publish-service")) (not (index . "publish-status-address")) }}true{{ end -}}
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
- apiGroups: [gateway.networking.k8s.io]
  resources: [referencegrants]
  verbs: [list, watch]
{{- if include "sallygate.leads" .args }}
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end }}
{{- if include "sallygate.writesStatus" .args }}
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
{{- end }}
{{- end -}}

{{/* Certificates, passwords and headers, each read by its name once an Ingress refers to it. Names are not known beforehand. */}}
{{- define "sallygate.rules.secrets" -}}
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [list, watch]
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

{{/* In our own namespace. */}}
{{- define "sallygate.rules.own" -}}
{{- if include "sallygate.leads" .args -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ index .args "election-id" | quote }}]
  verbs: [get, update]
{{- $clears := and (include "sallygate.writesStatus" .args) (include "sallygate.true" (dig "update-status-on-shutdown" true .args)) }}
{{- if or $clears (include "sallygate.nodeAddresses" .args) }}
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
{{- end }}
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* In single namespaces, and by name where the verb allows it: a list of `what`, `namespace`, `rules`. */}}
{{- define "sallygate.rules.named" -}}
{{- $watched := index .args "watch-namespace" -}}
{{- $secretsIn := default (ternary (list $watched) list (not (empty $watched))) .root.Values.rbac.secretNamespaces -}}
{{- $secrets := ternary "secrets" "" (not (empty $secretsIn)) -}}
{{- $services := ternary "services" "" (not (empty $watched)) -}}
{{- $publish := ternary $services "" (not (empty (include "sallygate.writesStatus" .args))) -}}
{{- $named := dict "configmap" "configmaps" "tcp-services-configmap" "configmaps" "udp-services-configmap" "configmaps" "publish-service" $publish "default-backend-service" $services "default-ssl-certificate" $secrets -}}
{{- $list := list -}}
{{- with include "sallygate.rules.own" . | fromYamlArray -}}
{{- $list = append $list (dict "what" "own" "namespace" (include "sallygate.namespace" $.root) "rules" .) -}}
{{- end -}}
{{- range $flag, $resource := $named -}}
{{- $object := splitList "/" (default "" (index $.args $flag) | toString) -}}
{{- $anyway := dict "configmaps" list "services" (list $watched) "secrets" $secretsIn "" list -}}
{{- if and $resource (eq (len $object) 2) (not (has (first $object) (index $anyway $resource))) -}}
{{- $rules := list (dict "apiGroups" (list "") "resources" (list $resource) "resourceNames" (list (last $object)) "verbs" (list "list" "watch")) -}}
{{- if eq $flag "default-backend-service" -}}
{{- $rules = append $rules (dict "apiGroups" (list "discovery.k8s.io") "resources" (list "endpointslices") "verbs" (list "list" "watch")) -}}
{{- end -}}
{{- $list = append $list (dict "what" $flag "namespace" (first $object) "rules" $rules) -}}
{{- end -}}
{{- end -}}
{{- toYaml $list -}}
{{- end -}}
