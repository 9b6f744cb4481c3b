// launch: every way in which Go makes a child that becomes a command.
//
// launch WAY CMD [ARG...] ends as the command ends: with its status, 128+n
// after signal n, and 125 when it cannot tell.
// https://pkg.go.dev/os/exec
// https://pkg.go.dev/syscall#SysProcAttr
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"
)

// cloneNewTime has no name in syscall.
const cloneNewTime = 0x80

var ways = map[string]func(command []string){
	"cmd": func(command []string) {
		end(run(command, &syscall.SysProcAttr{}))
	},
	"cmd_bare": func(command []string) {
		// Neither Stdin nor Stdout nor Stderr is said.
		end(exec.Command(command[0], command[1:]...).Run())
	},
	"cmd_dir": func(command []string) {
		cmd := inherit(command)
		cmd.Dir = "/tmp"
		end(cmd.Run())
	},
	// The error does not say that it is the directory that is missing, or does.
	"cmd_no_dir": func(command []string) {
		cmd := inherit(command)
		cmd.Dir = "/no/such"
		end(cmd.Run())
	},
	"cmd_no_dir_attributes": func(command []string) {
		cmd := inherit(command)
		cmd.Dir = "/no/such"
		cmd.SysProcAttr = &syscall.SysProcAttr{}
		end(cmd.Run())
	},
	"cmd_no_chroot": func(command []string) {
		end(run(command, &syscall.SysProcAttr{Chroot: "/no/such"}))
	},
	"cmd_no_terminal": func(command []string) {
		end(run(command, &syscall.SysProcAttr{
			Setsid: true, Setctty: true, Ctty: 0,
		}))
	},
	"cmd_output": func(command []string) {
		_, err := exec.Command(command[0], command[1:]...).Output()
		end(err)
	},
	// PAYLOAD_PATH is the PATH that the payload is to have.
	"cmd_path": func(command []string) {
		cmd := inherit(command)
		cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PAYLOAD_PATH"))
		end(cmd.Run())
	},
	"cmd_newns": func(command []string) {
		end(run(command,
			&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}))
	},
	"cmd_newtime": func(command []string) {
		end(run(command, &syscall.SysProcAttr{Cloneflags: cloneNewTime}))
	},
	"cmd_newuser": func(command []string) {
		end(run(command,
			&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}))
	},
	"cmd_unshare_newns": func(command []string) {
		end(run(command,
			&syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}))
	},
	"exec": func(command []string) {
		end(syscall.Exec(find(command), command, os.Environ()))
	},
	"forkexec": func(command []string) {
		end(forkExec(command))
	},
	"os_pipe": func(command []string) {
		_, _, err := os.Pipe()
		end(err)
		end(forkExec(command))
	},
	"pipe": func(command []string) {
		end(syscall.Pipe(make([]int, 2)))
		end(forkExec(command))
	},
	"raw_exec": rawExec,
	// A limit of one's own choice is one that Go does not restore.
	"setrlimit": func(command []string) {
		var limit syscall.Rlimit
		end(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
		end(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
		end(run(command, &syscall.SysProcAttr{}))
	},
	"version": func([]string) { fmt.Println(runtime.Version()) },
}

func main() {
	if len(os.Args) < 3 || ways[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: launch WAY CMD [ARG...]")
		os.Exit(125)
	}
	ways[os.Args[1]](os.Args[2:])
}

func inherit(command []string) *exec.Cmd {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd
}

func run(command []string, attributes *syscall.SysProcAttr) error {
	cmd := inherit(command)
	cmd.SysProcAttr = attributes
	return cmd.Run()
}

func forkExec(command []string) error {
	pid, err := syscall.ForkExec(find(command), command, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
	})
	if err != nil {
		return err
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return err
	}
	leave(status)
	return nil
}

// rawExec becomes the command behind the back of the runtime.
func rawExec(command []string) {
	path, err := syscall.BytePtrFromString(find(command))
	end(err)
	argv, err := syscall.SlicePtrFromStrings(command)
	end(err)
	envv, err := syscall.SlicePtrFromStrings(os.Environ())
	end(err)
	_, _, errno := syscall.RawSyscall(syscall.SYS_EXECVE,
		uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(&argv[0])),
		uintptr(unsafe.Pointer(&envv[0])))
	end(errno)
}

func find(command []string) string {
	path, err := exec.LookPath(command[0])
	end(err)
	return path
}

// end ends the program if there is an error, as the command has ended if that
// is the error.
func end(err error) {
	if err == nil {
		return
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		leave(exit.Sys().(syscall.WaitStatus))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(125)
}

func leave(status syscall.WaitStatus) {
	if status.Signaled() {
		os.Exit(128 + int(status.Signal()))
	}
	os.Exit(status.ExitStatus())
}
