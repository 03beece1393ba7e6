// Command runc-unprivileged stands between an engine and runc on a host that may not raise resource limits.
//
// Without CAP_SYS_RESOURCE in the bounding set, runc can neither give that capability to a container nor lower its OOM
// score, and refuses every privileged container. This command takes both out of what runc is told, and becomes runc.
// Where the capability is there, it changes nothing.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	runc       = "/usr/sbin/runc"
	capability = "CAP_SYS_RESOURCE"
	// Of prctl(2), and the number of the capability in capability.h.
	prCapbsetRead  = 23
	capSysResource = 24
)

func main() {
	arguments := os.Args[1:]
	if !permitted() {
		if err := lower(arguments); err != nil {
			fmt.Fprintln(os.Stderr, "runc-unprivileged:", err)
			os.Exit(1)
		}
	}
	err := syscall.Exec(runc, append([]string{"runc"}, arguments...), os.Environ())
	fmt.Fprintf(os.Stderr, "runc-unprivileged: cannot start %s: %v\n", runc, err)
	os.Exit(1)
}

func permitted() bool {
	held, _, failed := syscall.RawSyscall(syscall.SYS_PRCTL, prCapbsetRead, capSysResource, 0)
	return failed == 0 && held == 1
}

// lower rewrites the file that describes the process, of a new container or of one more process in it.
func lower(arguments []string) error {
	switch {
	case slices.Contains(arguments, "create"), slices.Contains(arguments, "run"):
		bundle := value(arguments, "--bundle", "-b")
		if bundle == "" {
			bundle = "."
		}
		return rewrite(filepath.Join(bundle, "config.json"), func(bundle map[string]any) {
			if process, ok := bundle["process"].(map[string]any); ok {
				lowerProcess(process)
			}
		})
	case slices.Contains(arguments, "exec"):
		if file := value(arguments, "--process", "-p"); file != "" {
			return rewrite(file, lowerProcess)
		}
	}
	return nil
}

// value returns the value of an option, in one word or in two.
func value(arguments []string, names ...string) string {
	for number, word := range arguments {
		for _, name := range names {
			if word == name && number+1 < len(arguments) {
				return arguments[number+1]
			}
			if given, found := strings.CutPrefix(word, name+"="); found {
				return given
			}
		}
	}
	return ""
}

func lowerProcess(process map[string]any) {
	if sets, ok := process["capabilities"].(map[string]any); ok {
		for name, set := range sets {
			if held, ok := set.([]any); ok {
				sets[name] = slices.DeleteFunc(held, func(one any) bool { return one == capability })
			}
		}
	}
	if score, ok := process["oomScoreAdj"].(json.Number); ok && strings.HasPrefix(score.String(), "-") {
		delete(process, "oomScoreAdj")
	}
}

// rewrite changes a JSON file and keeps its numbers as they are written.
func rewrite(path string, change func(map[string]any)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.UseNumber()
	var content map[string]any
	if err := decoder.Decode(&content); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	change(content)
	text, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, text, 0o600)
}
