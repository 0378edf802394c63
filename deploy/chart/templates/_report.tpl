{{/* What was asked for and has no effect: one line for each value, as a YAML list. Nothing is left out in silence. */}}

{{- define "sallygate.report" -}}
{{- $table := .Files.Get "files/values.yaml" | fromYaml -}}
{{- $said := dict "lines" list -}}
{{- include "sallygate.judge" (dict "values" (deepCopy (default dict .Values.AsMap)) "table" $table "path" "" "said" $said) -}}
{{- $c := .Values.controller -}}
{{- if include "sallygate.foreignImage" . -}}
{{- $_ := set $said "lines" (append $said.lines "controller.image: names ingress-nginx's own image, which cannot run Sallygate; name a copy of Sallygate's, with its tag") -}}
{{- end -}}
{{- if and .Values.defaultBackend.enabled (not (include "sallygate.backendImage" .)) -}}
{{- $_ := set $said "lines" (append $said.lines "defaultBackend.enabled: no image of yours is named; Sallygate answers 404 itself, as the stock image does") -}}
{{- end -}}
{{- $seconds := include "sallygate.terminationSeconds" . | int -}}
{{- if lt (default $seconds $c.terminationGracePeriodSeconds | int) $seconds -}}
{{- $_ := set $said "lines" (append $said.lines (printf "controller.terminationGracePeriodSeconds: raised to %d, which is what controller.drain takes" $seconds)) -}}
{{- end -}}
{{- range $name := list "livenessProbe" "readinessProbe" "startupProbe" -}}
{{- if (default dict (index $c $name)).httpGet -}}
{{- $_ := set $said "lines" (append $said.lines (printf "controller.%s.httpGet: the paths are fixed, /livez and /readyz; times are taken over" $name)) -}}
{{- end -}}
{{- end -}}
{{- range $name, $port := $c.service.targetPorts -}}
{{- if not (include "sallygate.isPort" (dict "root" $ "port" $port)) -}}
{{- $_ := set $said "lines" (append $said.lines (printf "controller.service.targetPorts.%s: the pod has no port %q; %s is used" $name $port $name)) -}}
{{- end -}}
{{- end -}}
{{- range $name := list "affinity" "topologySpreadConstraints" -}}
{{- if and (contains "ingress-nginx" (toJson (index $c $name))) (ne (include "sallygate.name" $) "ingress-nginx") -}}
{{- $_ := set $said "lines" (append $said.lines (printf "controller.%s: names ingress-nginx, but these pods are labelled %s; change it, or set nameOverride: ingress-nginx" $name (include "sallygate.name" $))) -}}
{{- end -}}
{{- end -}}
{{- $flags := .Files.Get "files/flags.yaml" | fromYaml -}}
{{- range $flag, $value := $c.extraArgs -}}
{{- $text := default "true" (include "sallygate.text" (default "" $value)) -}}
{{- $text = ternary "false" $text (and (kindIs "bool" $value) (not $value)) -}}
{{- $row := index $flags.withoutEffect $flag -}}
{{- if and $row (not (has $text (default list $row.harmless))) -}}
{{- $_ := set $said "lines" (append $said.lines (printf "controller.extraArgs.%s: %s" $flag $row.why)) -}}
{{- else if not (or $row (has $flag $flags.control) (has $flag $flags.dataplane)) -}}
{{- $_ := set $said "lines" (append $said.lines (printf "controller.extraArgs.%s: no flag of Sallygate's or of ingress-nginx's; is it misspelt?" $flag)) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $c.kind "DaemonSet") $c.autoscaling.enabled -}}
{{- $_ := set $said "lines" (append $said.lines "controller.autoscaling: a DaemonSet has a pod per node and is not scaled") -}}
{{- end -}}
{{- if $said.lines }}{{ sortAlpha $said.lines | toYaml }}{{ else }}[]{{ end -}}
{{- end -}}

{{/* Walks the values beside the table. A row is "taken", or a sentence of why it has no effect; a sentence that begins
     with "always" is about a value of false. The row "*" is for every other key. Blocks that are switched off ask for nothing. */}}
{{- define "sallygate.judge" -}}
{{- range $key, $value := .values -}}
{{- $path := ternary $key (printf "%s.%s" $.path $key) (empty $.path) -}}
{{- $row := ternary (get $.table $key) (get $.table "*") (hasKey $.table $key) -}}
{{- $off := and (kindIs "map" $value) (hasKey $value "enabled") (not (get $value "enabled")) -}}
{{- if kindIs "map" $row -}}
{{- if and (kindIs "map" $value) (not $off) -}}
{{- include "sallygate.judge" (dict "values" $value "table" $row "path" $path "said" $.said) -}}
{{- end -}}
{{- else if and (hasPrefix "always" (toString $row)) (kindIs "bool" $value) -}}
{{- if not $value }}{{ $_ := set $.said "lines" (append $.said.lines (printf "%s: %s" $path $row)) }}{{ end -}}
{{- else if and (ne (toString $row) "taken") (not (empty $value)) (not $off) -}}
{{- $_ := set $.said "lines" (append $.said.lines (printf "%s: %s" $path (default "unknown to this chart and to ingress-nginx's; is it misspelt?" $row))) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The image of the default backend, where the user has named one of his own. */}}
{{- define "sallygate.backendImage" -}}
{{- $image := .Values.defaultBackend.image -}}
{{- $name := default "" (default $image.image $image.repository) -}}
{{- if and .Values.defaultBackend.enabled $name (not (regexMatch "(^|/)defaultbackend(-[a-z0-9]+)?$" $name)) -}}
{{- include "sallygate.reference" (dict "image" $image "registry" (default "" .Values.global.image.registry) "tag" "latest") -}}
{{- end -}}
{{- end -}}
