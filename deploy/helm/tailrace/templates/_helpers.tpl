{{- define "tailrace.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tailrace.fullname" -}}
{{- $name := include "tailrace.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "tailrace.selector" -}}
app.kubernetes.io/name: {{ include "tailrace.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tailrace.labels" -}}
{{ include "tailrace.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "tailrace.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "tailrace.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "tailrace.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "tailrace.priorityClass" -}}
{{- if .Values.priorityClassName }}
{{- .Values.priorityClassName }}
{{- else if .Values.priorityClass.create }}
{{- include "tailrace.fullname" . }}
{{- end }}
{{- end }}

{{- /* true when a processor of the configuration asks the Kubernetes API. */}}
{{- define "tailrace.metadata" -}}
{{- range $id, $_ := .Values.config.processors }}
{{- if eq (first (splitList "/" $id)) "kubernetes" }}true{{ end }}
{{- end }}
{{- end }}

{{- /* true when such a processor follows annotations, or takes labels or annotations of namespaces, and when routes match their labels. */}}
{{- define "tailrace.namespaces" -}}
{{- range default (list) .Values.config.service.routes }}
{{- range $field, $_ := .match }}
{{- if hasPrefix "k8s.namespace.label." $field }}true{{ end }}
{{- end }}
{{- end }}
{{- range $id, $processor := .Values.config.processors }}
{{- if eq (first (splitList "/" $id)) "kubernetes" }}
{{- $processor := default (dict) $processor }}
{{- if or (kindIs "invalid" $processor.annotations) $processor.annotations }}true{{ end }}
{{- $extract := dig "extract" (dict) $processor }}
{{- range concat (default (list) $extract.labels) (default (list) $extract.annotations) }}
{{- if eq (toString .from) "namespace" }}true{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
