"""The IngressClass that everything on the cluster belongs to."""

from typing import Final

CLASS: Final = "bench"
CONTROLLER: Final = "traefik.io/ingress-controller"  # the other contender insists on this one; ours takes any
