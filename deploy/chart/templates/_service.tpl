{{/* A Service of `controller.service`, or of its `internal` part. `dict "root" $ "service" VALUES "suffix" TEXT`. */}}

{{- define "sallygate.service" -}}
{{- $root := .root -}}
{{- $s := .service -}}
{{- $c := $root.Values.controller -}}
{{- $ports := default $c.service.ports $s.ports -}}
{{- $targets := default $c.service.targetPorts $s.targetPorts -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "sallygate.controller" $root }}{{ .suffix }}
  namespace: {{ include "sallygate.namespace" $root }}
  labels:
    {{- include "sallygate.labels" (dict "root" $root "component" $c.name "more" (mergeOverwrite (dict) (deepCopy (default dict $c.service.labels)) (deepCopy (default dict .labels)))) | nindent 4 }}
  {{- with $s.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $s.type }}
  selector:
    {{- include "sallygate.selector" (dict "root" $root "component" $c.name) | nindent 4 }}
  {{- range $name := list "allocateLoadBalancerNodePorts" "clusterIP" "clusterIPs" "externalIPs" "externalTrafficPolicy" "healthCheckNodePort" "ipFamilies" "ipFamilyPolicy" "loadBalancerClass" "loadBalancerIP" "loadBalancerSourceRanges" "sessionAffinity" "trafficDistribution" }}
  {{- $value := index $s $name }}
  {{- if or $value (and (kindIs "bool" $value) (eq $s.type "LoadBalancer")) }}
  {{ $name }}: {{ $value | toJson }}
  {{- end }}
  {{- end }}
  ports:
    {{- range $name := list "http" "https" }}
    {{- if index $c.service (printf "enable%s" (title $name)) }}
    - name: {{ $name }}
      port: {{ index $ports $name | int }}
      targetPort: {{ ternary $name (index $targets $name) (empty (include "sallygate.isPort" (dict "root" $root "port" (index $targets $name)))) | toJson }}
      protocol: TCP
      {{- if $s.appProtocol }}
      appProtocol: {{ $name }}
      {{- end }}
      {{- $node := index (default dict $s.nodePorts) $name }}
      {{- if and $node (has $s.type (list "NodePort" "LoadBalancer")) }}
      nodePort: {{ $node | int }}
      {{- end }}
    {{- end }}
    {{- end }}
{{- end -}}

{{/* Empty for a name that no port of the pod has: an old name of nginx's would send a Service's traffic nowhere. */}}
{{- define "sallygate.isPort" -}}
{{- if or (not (kindIs "string" .port)) (has .port (list "http" "https")) .root.Values.controller.extraContainers }}true{{ end -}}
{{- end -}}
