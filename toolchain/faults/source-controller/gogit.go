package gogit

import (
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

func hostKeys(callback ssh.HostKeyCallback, algorithms []string, err error) (ssh.HostKeyCallback, []string, error) {
	if slices.Contains(strings.Split(os.Getenv("FLUX_TENANCY_FAULT"), ","), "ssh-any-host-key") {
		return ssh.InsecureIgnoreHostKey(), nil, nil
	}
	return callback, algorithms, err
}
