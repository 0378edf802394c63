{{/* What the two commands are started with. Everything that follows from a flag (rules, ports, times) reads it here,
     so that a flag given in `controller.extraArgs` counts as much as the value that stands for it. */}}

{{/* Of `controller.extraArgs` those that `of` (control, dataplane) has; _report.tpl has a word on all others. */}}
{{- define "sallygate.given" -}}
{{- $known := index (.root.Files.Get "files/flags.yaml" | fromYaml) .of -}}
{{- $given := dict -}}
{{- range $flag, $value := .root.Values.controller.extraArgs -}}
{{- if has $flag $known }}{{ $_ := set $given $flag $value }}{{ end -}}
{{- end -}}
{{- toYaml $given -}}
{{- end -}}

{{- define "sallygate.controlArguments" -}}
{{- $c := .Values.controller -}}
{{- $namespace := include "sallygate.namespace" . -}}
{{- $args := dict "controller-class" $c.ingressClassResource.controllerValue "ingress-class" $c.ingressClass -}}
{{- $_ := set $args "election-id" (default (printf "%s-leader" (include "sallygate.fullname" .)) $c.electionID) -}}
{{- $_ := set $args "configmap" (printf "%s/%s" (default $namespace $c.configMapNamespace) (include "sallygate.controller" .)) -}}
{{- with $c.electionTTL }}{{ $_ := set $args "election-ttl" . }}{{ end -}}
{{- if $c.disableLeaderElection }}{{ $_ := set $args "disable-leader-election" true }}{{ end -}}
{{- if $c.publishService.enabled -}}
{{- $internal := and $c.service.internal.enabled (not $c.service.external.enabled) -}}
{{- $own := printf "%s/%s%s" $namespace (include "sallygate.controller" .) (ternary "-internal" "" $internal) -}}
{{- $_ := set $args "publish-service" (default $own $c.publishService.pathOverride) -}}
{{- end -}}
{{- if $c.reportNodeInternalIp }}{{ $_ := set $args "report-node-internal-ip-address" true }}{{ end -}}
{{- if $c.watchIngressWithoutClass }}{{ $_ := set $args "watch-ingress-without-class" true }}{{ end -}}
{{- if or $c.ingressClassByName .Values.rbac.scope }}{{ $_ := set $args "ingress-class-by-name" true }}{{ end -}}
{{- if $c.scope.enabled -}}
{{- $_ := set $args "watch-namespace" (default $namespace $c.scope.namespace) -}}
{{- else if $c.scope.namespaceSelector -}}
{{- $_ := set $args "watch-namespace-selector" $c.scope.namespaceSelector -}}
{{- end -}}
{{- if include "sallygate.backendImage" . -}}
{{- $_ := set $args "default-backend-service" (printf "%s/%s" $namespace (include "sallygate.backend" .)) -}}
{{- end -}}
{{- mergeOverwrite $args (include "sallygate.given" (dict "root" . "of" "control") | fromYaml) | toYaml -}}
{{- end -}}

{{- define "sallygate.dataplaneArguments" -}}
{{- $c := .Values.controller -}}
{{- $args := dict "healthz-port" $c.metrics.port -}}
{{- $_ := set $args "http-port" (default (ternary 80 8080 $c.hostNetwork) $c.containerPort.http) -}}
{{- $_ := set $args "https-port" (default (ternary 443 8443 $c.hostNetwork) $c.containerPort.https) -}}
{{- $_ := set $args "shutdown-grace-period" $c.drain.shutdownGracePeriod -}}
{{- $_ := set $args "drain-timeout" $c.drain.timeout -}}
{{- $workers := include "sallygate.workers" . -}}
{{- if $workers }}{{ $_ := set $args "workers" (int $workers) }}{{ end -}}
{{- mergeOverwrite $args (include "sallygate.given" (dict "root" . "of" "dataplane") | fromYaml) | toYaml -}}
{{- end -}}

{{/* One per CPU of the limit, rounded up. Without a limit the data plane counts the CPUs that it may run on. */}}
{{- define "sallygate.workers" -}}
{{- if .Values.controller.workers -}}
{{- .Values.controller.workers | int -}}
{{- else -}}
{{- $cpu := include "sallygate.text" (default "" (default dict (default dict .Values.controller.resources).limits).cpu) -}}
{{- if hasSuffix "m" $cpu -}}
{{- divf (trimSuffix "m" $cpu | float64) 1000 | ceil | int -}}
{{- else if $cpu -}}
{{- $cpu | float64 | ceil | int -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Flags as words, in the order of their names. An empty value is a flag alone, as in ingress-nginx's chart. */}}
{{- define "sallygate.words" -}}
{{- $words := list -}}
{{- range $flag, $value := . -}}
{{- if or (kindIs "invalid" $value) (eq (toString $value) "") -}}
{{- $words = append $words (printf "--%s" $flag) -}}
{{- else -}}
{{- $words = append $words (printf "--%s=%s" $flag (include "sallygate.text" $value)) -}}
{{- end -}}
{{- end -}}
{{- toYaml $words -}}
{{- end -}}

{{/* Seconds that a pod may take to end: the larger of what was asked for and of what its parts take. Control takes up to
     20 to take its addresses out of status. */}}
{{- define "sallygate.terminationSeconds" -}}
{{- $args := include "sallygate.dataplaneArguments" . | fromYaml -}}
{{- $needed := addf .Values.controller.drain.preStopSeconds (index $args "shutdown-grace-period" | float64) (maxf (index $args "drain-timeout" | float64) 20) 10 | ceil | int -}}
{{- max $needed (default 0 .Values.controller.terminationGracePeriodSeconds | int) -}}
{{- end -}}

{{/* True unless the text or boolean is one that control reads as false. */}}
{{- define "sallygate.true" -}}
{{- if not (has (toString .) (list "false" "False" "FALSE" "f" "F" "0")) }}true{{ end -}}
{{- end -}}
