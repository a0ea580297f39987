"""What `connect kubernetes` needs to be let do: to read pods and nodes, and nothing else."""

CLUSTER_ROLE = """\
# What trimtab needs: to read pods and nodes. It never writes, and reads no secrets, logs or events.
apiVersion: v1
kind: Namespace
metadata:
  name: trimtab
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: trimtab
  namespace: trimtab
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: trimtab-reader
rules:
  - apiGroups: [""]
    resources: ["pods", "nodes"]
    verbs: ["get", "list", "watch"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: trimtab-reader
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: trimtab-reader
subjects:
  - kind: ServiceAccount
    name: trimtab
    namespace: trimtab
"""
