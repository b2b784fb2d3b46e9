// The floor: the least that a compiled server does for the same read, with Go's own HTTP and nothing else. No
// deadline, no retry, no check of host or name, no refresh of credentials, no audit line.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

const signedHeaders = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"

var (
	endpoint  = os.Getenv("AWS_ENDPOINT_URL")
	host      = endpoint[strings.Index(endpoint, "://")+3:]
	region    = os.Getenv("AWS_REGION")
	accessKey = os.Getenv("AWS_ACCESS_KEY_ID")
	secretKey = os.Getenv("AWS_SECRET_ACCESS_KEY")
	token     = os.Getenv("AWS_SESSION_TOKEN")
	client    = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
)

func main() {
	http.HandleFunc("GET /v1/secrets/{name...}", read)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("SECRETS_PORT"), nil))
}

func read(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, _ := json.Marshal(map[string]string{"SecretId": name})
	request, err := http.NewRequestWithContext(r.Context(), "POST", endpoint+"/", bytes.NewReader(body))
	if err != nil {
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	}
	sign(request, body, time.Now().UTC())
	answer, err := client.Do(request)
	if err != nil {
		http.Error(w, "{}", http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	document, err := io.ReadAll(answer.Body)
	var secret struct{ SecretString, VersionId string }
	if err != nil || json.Unmarshal(document, &secret) != nil || answer.StatusCode != http.StatusOK {
		http.Error(w, "{}", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{
		"name": name, "value": secret.SecretString, "version": secret.VersionId,
	})
}

// sign adds a Signature Version 4.
func sign(request *http.Request, body []byte, now time.Time) {
	stamp := now.Format("20060102T150405Z")
	day := stamp[:8]
	hash := sha256.Sum256(body)
	canonical := strings.Join([]string{
		"POST\n/\n\ncontent-type:application/x-amz-json-1.1", "host:" + host, "x-amz-date:" + stamp,
		"x-amz-security-token:" + token, "x-amz-target:secretsmanager.GetSecretValue", "", signedHeaders,
		hex.EncodeToString(hash[:]),
	}, "\n")
	hash = sha256.Sum256([]byte(canonical))
	scope := day + "/" + region + "/secretsmanager/aws4_request"
	key := []byte("AWS4" + secretKey)
	for _, part := range []string{day, region, "secretsmanager", "aws4_request"} {
		key = digest(key, part)
	}
	signature := digest(key, "AWS4-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hex.EncodeToString(hash[:]))
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Date", stamp)
	request.Header.Set("X-Amz-Security-Token", token)
	request.Header.Set("X-Amz-Target", "secretsmanager.GetSecretValue")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/"+scope+
		", SignedHeaders="+signedHeaders+", Signature="+hex.EncodeToString(signature))
}

func digest(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
