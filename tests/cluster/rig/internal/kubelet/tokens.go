package kubelet

import (
	"context"
	"fmt"
	"time"

	authentication "k8s.io/api/authentication/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// token of the pod's ServiceAccount, bound to the pod, renewed when a fifth of its life is left.
type token struct {
	text  string
	renew time.Time
}

func (w *worker) token(ctx context.Context, volume string, source *v1.ServiceAccountTokenProjection) (string, error) {
	name := volume + "/" + source.Path
	if held, ok := w.tokens[name]; ok && time.Now().Before(held.renew) {
		return held.text, nil
	}
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{
		ExpirationSeconds: source.ExpirationSeconds,
		BoundObjectRef: &authentication.BoundObjectReference{
			Kind: "Pod", APIVersion: "v1", Name: w.pod.Name, UID: w.pod.UID,
		},
	}}
	if source.Audience != "" {
		request.Spec.Audiences = []string{source.Audience}
	}
	asked := time.Now()
	answer, err := w.kubelet.client.CoreV1().ServiceAccounts(w.pod.Namespace).CreateToken(
		ctx, w.pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token of ServiceAccount %q: %w", w.pod.Spec.ServiceAccountName, err)
	}
	life := answer.Status.ExpirationTimestamp.Sub(asked)
	w.tokens[name] = token{text: answer.Status.Token, renew: asked.Add(life * 4 / 5)}
	return answer.Status.Token, nil
}
