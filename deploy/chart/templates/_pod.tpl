{{/* The pod: `control` with the API token, `dataplane` without it, and the folder that they share. */}}

{{- define "sallygate.pod" -}}
{{- $c := .Values.controller -}}
{{- $args := include "sallygate.dataplaneArguments" . | fromYaml -}}
{{- $control := include "sallygate.controlArguments" . | fromYaml -}}
{{- $low := or (lt (index $args "http-port" | int) 1024) (lt (index $args "https-port" | int) 1024) -}}
metadata:
  labels:
    {{- include "sallygate.labels" (dict "root" . "component" $c.name "more" (mergeOverwrite (dict) (deepCopy (default dict $c.labels)) (deepCopy (default dict $c.podLabels)))) | nindent 4 }}
  annotations:
    kubectl.kubernetes.io/default-container: dataplane
    {{- with $c.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "sallygate.serviceAccount" . }}
  # Only `control` gets a token, from the volume below.
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ include "sallygate.terminationSeconds" . }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $c.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with $c.runtimeClassName }}
  runtimeClassName: {{ . | quote }}
  {{- end }}
  {{- if and $c.hostname (kindIs "string" $c.hostname) }}
  hostname: {{ $c.hostname | quote }}
  {{- end }}
  {{- with $c.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $c.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- with $c.dnsPolicy }}
  dnsPolicy: {{ . | quote }}
  {{- end }}
  {{- with $c.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "sallygate.podSecurity" (dict "root" . "low" $low) | nindent 4 }}
  {{- with $c.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $c.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $c.affinity }}
  affinity:
    {{- tpl (toYaml .) $ | nindent 4 }}
  {{- end }}
  {{- with $c.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- tpl (toYaml .) $ | nindent 4 }}
  {{- end }}
  {{- with $c.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: dataplane
      image: {{ include "sallygate.image" . | quote }}
      imagePullPolicy: {{ $c.image.pullPolicy }}
      {{- if and $low $c.hostNetwork }}
      # Nobody may set the sysctl of the node's network from here, so this small program hands the one capability on.
      command: [/usr/local/bin/low-ports, --inh-caps=+net_bind_service, --ambient-caps=+net_bind_service, --, sallygate]
      {{- end }}
      args:
        - dataplane
        - --state-dir=/run/sallygate/state
        {{- include "sallygate.words" $args | nindent 8 }}
      {{- with $c.extraEnvs }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ index $args "http-port" | int }}
          protocol: TCP
          {{- if $c.hostPort.enabled }}
          hostPort: {{ $c.hostPort.ports.http | int }}
          {{- end }}
        - name: https
          containerPort: {{ index $args "https-port" | int }}
          protocol: TCP
          {{- if $c.hostPort.enabled }}
          hostPort: {{ $c.hostPort.ports.https | int }}
          {{- end }}
        - name: {{ $c.metrics.portName }}
          containerPort: {{ index $args "healthz-port" | int }}
          protocol: TCP
      {{- with $c.startupProbe }}
      startupProbe:
        {{- include "sallygate.probe" (dict "path" "/livez" "times" . "port" (index $args "healthz-port")) | nindent 8 }}
      {{- end }}
      # Alive is not ready: a data plane without control, or without a snapshot yet, must not be restarted.
      livenessProbe:
        {{- include "sallygate.probe" (dict "path" "/livez" "times" $c.livenessProbe "port" (index $args "healthz-port")) | nindent 8 }}
      readinessProbe:
        {{- include "sallygate.probe" (dict "path" "/readyz" "times" $c.readinessProbe "port" (index $args "healthz-port")) | nindent 8 }}
      {{- include "sallygate.sleep" $c.drain.preStopSeconds | nindent 6 }}
      {{- with $c.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "sallygate.containerSecurity" . | nindent 8 }}
        {{- if and $low $c.hostNetwork }}
          add: [NET_BIND_SERVICE]
        {{- end }}
      volumeMounts:
        - name: state
          mountPath: /run/sallygate
        - name: bodies
          mountPath: /tmp
        {{- with $c.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    - name: control
      image: {{ include "sallygate.image" . | quote }}
      imagePullPolicy: {{ $c.image.pullPolicy }}
      args:
        - control
        - --state-dir=/run/sallygate/state
        {{- include "sallygate.words" $control | nindent 8 }}
      env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        {{- with $c.extraEnvs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      # As long as new connections may come: their endpoints still change. No probe: it has no listener, a crash
      # restarts it, and traffic does not depend on it.
      {{- include "sallygate.sleep" (addf $c.drain.preStopSeconds (index $args "shutdown-grace-period" | float64) | ceil | int) | nindent 6 }}
      {{- with $c.control.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "sallygate.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - name: state
          mountPath: /run/sallygate
        - name: token
          mountPath: /var/run/secrets/kubernetes.io/serviceaccount
          readOnly: true
    {{- with $c.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    # Memory, as the last good snapshot holds private keys.
    - name: state
      emptyDir:
        medium: Memory
        sizeLimit: {{ $c.stateSizeLimit }}
    # Disk, for request bodies that are too large for memory; half as much again as the data plane uses.
    - name: bodies
      emptyDir:
        sizeLimit: 1536Mi
    - name: token
      projected:
        defaultMode: 0440
        sources:
          - serviceAccountToken:
              path: token
              expirationSeconds: 3607
          - configMap:
              name: kube-root-ca.crt
              items:
                - key: ca.crt
                  path: ca.crt
          - downwardAPI:
              items:
                - path: namespace
                  fieldRef:
                    fieldPath: metadata.namespace
    {{- with $c.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Ports below 1024 without root: a pod network of our own may allow them to everybody. */}}
{{- define "sallygate.podSecurity" -}}
{{- $c := .root.Values.controller -}}
{{- $own := dict "runAsNonRoot" true "runAsUser" (int $c.image.runAsUser) "runAsGroup" (int $c.image.runAsGroup) "fsGroup" (int $c.image.runAsGroup) -}}
{{- with $c.image.seccompProfile }}{{ $_ := set $own "seccompProfile" . }}{{ end -}}
{{- $sysctls := deepCopy (default dict $c.sysctls) -}}
{{- if and .low (not $c.hostNetwork) -}}
{{- $sysctls = merge $sysctls (dict "net.ipv4.ip_unprivileged_port_start" "0") -}}
{{- end -}}
{{- $list := list -}}
{{- range $name, $value := $sysctls }}{{ $list = append $list (dict "name" $name "value" (include "sallygate.text" $value)) }}{{ end -}}
{{- with $list }}{{ $_ := set $own "sysctls" . }}{{ end -}}
{{- mergeOverwrite $own (deepCopy (default dict $c.podSecurityContext)) | toYaml -}}
{{- end -}}

{{- define "sallygate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "sallygate.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port | int }}
{{- with omit (default dict .times) "httpGet" }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "sallygate.sleep" -}}
{{- if gt (int .) 0 -}}
lifecycle:
  preStop:
    sleep:
      seconds: {{ int . }}
{{- end -}}
{{- end -}}
