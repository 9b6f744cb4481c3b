// bench: performs one operation many times and says how long each took.
//
// Reads lines `OPERATION COUNT`, answers each with a line
// `OPERATION COUNT TOTAL MIN MEDIAN P99 PROOF`: nanoseconds, and what was
// really made, checked outside of the timed part. See bench/README.md.
//
// With arguments it is one more step, which no post has: all six namespaces.
//
// Go cannot perform every operation. A child that shares its parent's memory
// (CLONE_VM) would need a stack, and code that runs on it. A process with
// threads, which every Go program is, may neither make nor join a user
// namespace, nor join a time namespace.
// https://man7.org/linux/man-pages/man7/namespaces.7.html
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"nsteps/internal/skeleton"
)

const (
	payload = "/nsteps/bench/true"
	witness = "/nsteps/bench/witness"
	newRoot = "/newroot"
	putOld  = "/newroot/old"

	// The longest block, and how many children of it are witnesses.
	longest   = 4096
	witnesses = 2

	sysClone3    = 435
	sysOpenTree  = 428
	sysMoveMount = 429

	atFdcwd        = -100
	cloneNewtime   = 0x80
	cloneNewcgroup = 0x02000000
)

type kind struct {
	name string
	// Of two kinds a process has a second namespace, in which its next
	// child will be: unshare changes that one.
	file string
	flag int
	// The path of the file for the system call, ended by a zero byte: a
	// forked child cannot make one.
	path []byte
}

var kinds = []kind{
	{name: "cgroup", file: "cgroup", flag: cloneNewcgroup},
	{name: "ipc", file: "ipc", flag: syscall.CLONE_NEWIPC},
	{name: "mnt", file: "mnt", flag: syscall.CLONE_NEWNS},
	{name: "net", file: "net", flag: syscall.CLONE_NEWNET},
	{name: "pid", file: "pid_for_children", flag: syscall.CLONE_NEWPID},
	{name: "time", file: "time_for_children", flag: cloneNewtime},
	{name: "user", file: "user", flag: syscall.CLONE_NEWUSER},
	{name: "uts", file: "uts", flag: syscall.CLONE_NEWUTS},
}

const six = cloneNewcgroup | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNS |
	syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS

const all = six | syscall.CLONE_NEWUSER | cloneNewtime

// One number for each kind of namespace; 0 where the kernel does not say.
type inodes [8]uint64

// What is measured, and what is proved.
var (
	taken  = make([]int64, 0, longest)
	origin = time.Now()
	begun  time.Duration

	seen, looks, ended int
	mixed              bool

	// The size of a peer that has grown.
	size string
)

func start() {
	begun = time.Since(origin)
}

func passed() int64 {
	return int64(time.Since(origin) - begun)
}

func stop() {
	taken = append(taken, passed())
}

func see(set int) {
	mixed = mixed || looks > 0 && set != seen
	seen = set
	looks++
}

// A process that waits, as long as this one lives: in the namespaces of this
// one, or in eight others.
type stay struct {
	pid, pidfd int
	inodes     inodes
	files      [8]int
}

var (
	own        inodes
	here, away stay
)

// look reads in which namespaces the caller is. It neither allocates nor may be
// preempted (nosplit), because a forked child calls it, and a forked child has
// none of the threads of the runtime. The inode is read from a link like
// uts:[4026531838].
//
//go:nosplit
func look(seen *inodes) {
	var link [64]byte
	here := atFdcwd
	for i := range kinds {
		length, _, errno := syscall.RawSyscall6(syscall.SYS_READLINKAT,
			uintptr(here), uintptr(unsafe.Pointer(&kinds[i].path[0])),
			uintptr(unsafe.Pointer(&link[0])), uintptr(len(link)), 0, 0)
		seen[i] = 0
		if errno != 0 {
			continue
		}
		for _, digit := range link[:length] {
			if '0' <= digit && digit <= '9' {
				seen[i] = seen[i]*10 + uint64(digit-'0')
			}
		}
	}
}

// made returns the set of kinds that are new. A kind that cannot be read counts
// as new: a pid namespace cannot be named before its first process exists.
//
//go:nosplit
func made() int {
	var now inodes
	look(&now)
	set := 0
	for i := range now {
		if now[i] != own[i] {
			set |= 1 << i
		}
	}
	return set
}

// joined returns the set of kinds in which the caller is in the namespace of
// away.
func joined() int {
	var now inodes
	look(&now)
	set := 0
	for i := range now {
		if now[i] == away.inodes[i] {
			set |= 1 << i
		}
	}
	return set
}

// The argument of clone3(2).
type cloneArgs struct {
	flags, pidfd, childTid, parentTid uint64
	exitSignal, stack, stackSize, tls uint64
}

var args cloneArgs

// fork returns twice, like the fork of C. In the child nothing may be called
// that could be preempted: there is no scheduler any more.
//
//go:noinline
//go:nosplit
func fork(style string, flags int) (uintptr, syscall.Errno) {
	if style == "clone3" {
		args = cloneArgs{flags: uint64(flags),
			exitSignal: uint64(syscall.SIGCHLD)}
		pid, _, errno := syscall.RawSyscall(sysClone3,
			uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
		return pid, errno
	}
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE,
		uintptr(flags)|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	return pid, errno
}

// leave ends a forked child.
//
//go:nosplit
func leave(status int) {
	for {
		syscall.RawSyscall(
			syscall.SYS_EXIT_GROUP, uintptr(status), 0, 0)
	}
}

func beginStay(stay *stay, flags int) {
	pid, errno := fork("clone3", flags)
	if pid == 0 && errno == 0 {
		syscall.RawSyscall(syscall.SYS_PRCTL,
			syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0)
		// The reader of this process's output must not wait for this one.
		for fd := uintptr(0); fd <= 2; fd++ {
			syscall.RawSyscall(syscall.SYS_CLOSE, fd, 0, 0)
		}
		for {
			syscall.RawSyscall6(syscall.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	skeleton.Must("clone3", skeleton.Failed(errno))
	stay.pid = int(pid)
	stay.pidfd = skeleton.PidfdOpen(stay.pid)
	for i := range kinds {
		var file syscall.Stat_t
		skeleton.Must("stat", syscall.Stat(stay.path(kinds[i].file), &file))
		stay.inodes[i] = file.Ino
	}
}

func (stay *stay) path(file string) string {
	return fmt.Sprintf("/proc/%d/ns/%s", stay.pid, file)
}

// goHome returns to the namespaces in which this process began, of the kinds in
// flags.
func goHome(flags int) {
	if here.pid == 0 {
		beginStay(&here, 0)
	}
	if flags != 0 {
		skeleton.Must("setns", skeleton.Setns(here.pidfd, flags))
	}
}

func goAway() {
	if away.pid != 0 {
		return
	}
	beginStay(&away, all)
	for i := range kinds {
		fd, err := syscall.Open(away.path(kinds[i].name),
			syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		skeleton.Must("open", err)
		away.files[i] = fd
	}
}

// flagsOf returns the flags of a set of kinds: their names with a + in between.
func flagsOf(set string) int {
	flags := 0
	if set == "none" {
		return flags
	}
next:
	for _, name := range strings.Split(set, "+") {
		for i := range kinds {
			if kinds[i].name == name {
				flags |= kinds[i].flag
				continue next
			}
		}
		panic("no such set of namespaces: " + set)
	}
	return flags
}

// childEnded counts a child that has ended. The status of a witness is what it
// saw, and its time is no sample.
func childEnded(status syscall.WaitStatus, isWitness bool) {
	if !status.Exited() {
		panic(fmt.Sprintf("a child did not exit: %#x", status))
	}
	ended++
	if isWitness {
		taken = taken[:len(taken)-1]
		see(status.ExitStatus())
	} else if status.ExitStatus() != 0 {
		panic(fmt.Sprintf("a child ended with %d", status.ExitStatus()))
	}
}

// benchClone measures from the call until the child has been waited for. The
// child ends at once; a witness first compares its namespaces, and its status
// is the result.
func benchClone(style, set string, count int) {
	flags := flagsOf(set)
	for i := 0; i < count+witnesses; i++ {
		isWitness := i == 0 || i > count
		var status syscall.WaitStatus

		start()
		pid, errno := fork(style, flags)
		if pid == 0 && errno == 0 {
			if isWitness {
				leave(made())
			}
			leave(0)
		}
		skeleton.Must("clone", skeleton.Failed(errno))
		_, err := syscall.Wait4(int(pid), &status, 0, nil)
		stop()
		skeleton.Must("wait4", err)
		childEnded(status, isWitness)
	}
}

func setns(flags int) error {
	for i := range kinds {
		if flags == kinds[i].flag {
			return skeleton.Setns(away.files[i], flags)
		}
	}
	return skeleton.Setns(away.pidfd, flags)
}

// benchChange measures unshare or setns: the call alone.
func benchChange(
	name string, call func(int) error, set string, looked func() int, count int,
) {
	flags := flagsOf(set)
	goHome(0)
	for i := 0; i < count; i++ {
		start()
		err := call(flags)
		stop()
		skeleton.Must(name, err)
		see(looked())
		goHome(flags)
	}
}

// unshareMounts makes a mount namespace of its own each time: a detached root
// does not return.
func unshareMounts() {
	goHome(syscall.CLONE_NEWNS)
	skeleton.Must("unshare", syscall.Unshare(syscall.CLONE_NEWNS))
}

func bindNewRoot() {
	skeleton.Must("mount", syscall.Mount(
		newRoot, newRoot, "", syscall.MS_BIND|syscall.MS_REC, ""))
}

func makePrivate() {
	skeleton.Must("mount", syscall.Mount(
		"none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
}

func pivot() {
	skeleton.Must("pivot_root", syscall.PivotRoot(newRoot, putOld))
}

func detach() {
	skeleton.Must("umount2", syscall.Unmount("/old", syscall.MNT_DETACH))
}

// switchRoot is the whole change of root with the calls of the posts.
func switchRoot() {
	makePrivate()
	bindNewRoot()
	pivot()
	skeleton.Must("chdir", syscall.Chdir("/"))
	detach()
}

// switchRootByFd is the same, with the bind made by the calls of Linux 5.2.
func switchRootByFd() {
	const (
		atRecursive         = 0x8000
		openTreeClone       = 1
		moveMountFEmptyPath = 4
	)
	here, root, nothing := atFdcwd, []byte(newRoot+"\x00"), []byte{0}
	makePrivate()
	tree, _, errno := syscall.Syscall(sysOpenTree, uintptr(here),
		uintptr(unsafe.Pointer(&root[0])),
		openTreeClone|syscall.O_CLOEXEC|atRecursive)
	skeleton.Must("open_tree", skeleton.Failed(errno))
	_, _, errno = syscall.Syscall6(sysMoveMount, tree,
		uintptr(unsafe.Pointer(&nothing[0])), uintptr(here),
		uintptr(unsafe.Pointer(&root[0])),
		moveMountFEmptyPath, 0)
	skeleton.Must("move_mount", skeleton.Failed(errno))
	skeleton.Must("close", syscall.Close(int(tree)))
	pivot()
	skeleton.Must("chdir", syscall.Chdir("/"))
	detach()
}

// identity returns the identity of the file that a path names.
func identity(path string) [2]uint64 {
	var file syscall.Stat_t
	skeleton.Must("stat", syscall.Stat(path, &file))
	return [2]uint64{uint64(file.Dev), file.Ino}
}

func benchPivotRoot(what string, count int) {
	skeleton.Must("chdir", syscall.Chdir("/"))
	root, old := identity(newRoot), identity(putOld)
	if what == "pivot" {
		unshareMounts()
		bindNewRoot()
	}
	for i := 0; i < count; i++ {
		if what == "pivot" {
			start()
			pivot()
			stop()
			seeSwitch(identity("/") == root && identity("/old") != old)
			// Changes back: the same call with exchanged arguments.
			skeleton.Must("pivot_root",
				syscall.PivotRoot("/old", "/old"+newRoot))
			continue
		}
		unshareMounts()
		switch what {
		case "detach":
			bindNewRoot()
			pivot()
			start()
			detach()
		case "switch":
			start()
			switchRoot()
		case "switch_by_fd":
			start()
			switchRootByFd()
		default:
			panic("no such part of pivot_root: " + what)
		}
		stop()
		seeSwitch(identity("/") == root && identity("/old") == old)
	}
	goHome(syscall.CLONE_NEWNS)
}

func seeSwitch(done bool) {
	if done {
		see(1)
	} else {
		see(0)
	}
}

// benchSpawn measures from the call until the program has been waited for, as
// Go programs do it: os/exec, with Cloneflags where there are namespaces; with
// toFirst until the first instruction of the program.
func benchSpawn(set string, toFirst bool, count int) {
	flags := flagsOf(set)
	var witnessing []string
	for _, inode := range own {
		witnessing = append(witnessing, strconv.FormatUint(inode, 10))
	}
	program := payload
	if toFirst {
		listenToFirst()
		program = firstPayload
	}
	for i := 0; i < count+witnesses; i++ {
		isWitness := i == 0 || i > count

		cmd := exec.Command(program)
		if isWitness {
			cmd = exec.Command(witness, witnessing...)
		}
		if flags != 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: uintptr(flags)}
		}
		before := int64(0)
		if toFirst {
			before = clock()
		}
		start()
		err := cmd.Run()
		stop()
		childExited(cmd, err, isWitness)
		if toFirst && !isWitness {
			backToFirst(before)
		}
	}
}

// childExited is childEnded for a program that os/exec has started.
func childExited(cmd *exec.Cmd, err error, isWitness bool) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		panic(err)
	}
	childEnded(cmd.ProcessState.Sys().(syscall.WaitStatus), isWitness)
}

// answer prints the times in order, then the proof.
func answer(operation string, count int) {
	sort.Slice(taken, func(i, j int) bool { return taken[i] < taken[j] })
	total, times := int64(0), len(taken)
	for _, one := range taken {
		total += one
	}
	proof := ""
	switch {
	case size != "":
		proof = size
	case mixed:
		proof = "mixed"
	case strings.HasPrefix(operation, "pivot_root/"):
		proof = []string{"kept", "switched"}[seen]
	case strings.HasPrefix(operation, "attach/"):
		proof = ways[seen&3]
	case seen == 0:
		proof = "none"
	default:
		var names []string
		for i := range kinds {
			if seen&(1<<i) != 0 {
				names = append(names, kinds[i].name)
			}
		}
		proof = strings.Join(names, "+")
	}
	if looks > 0 {
		proof += fmt.Sprintf("*%d", looks)
	}
	if ended > 0 {
		proof += fmt.Sprintf(",ended*%d", ended)
	}
	fmt.Println(operation, count, total, taken[0], taken[times/2],
		taken[(times*99+99)/100-1], proof)
}

// benchGrow grows. Later operations are compared with the namespaces in which
// this process is then.
func benchGrow(what string, count int) {
	start()
	size = grow(what, count)
	stop()
	look(&own)
}

func perform(operation string, count int) {
	parts := strings.SplitN(operation, "/", 3)
	if parts[0] == "grow" && len(parts) == 2 && count >= 0 {
		benchGrow(parts[1], count)
		return
	}
	if count < 1 || count > longest-witnesses {
		panic(fmt.Sprintf("no such count: %d", count))
	}
	switch {
	case parts[0] == "clone" && len(parts) == 3 && parts[1] != "vfork":
		benchClone(parts[1], parts[2], count)
	case parts[0] == "unshare" && len(parts) == 2:
		benchChange("unshare", syscall.Unshare, parts[1], made, count)
	case parts[0] == "setns" && len(parts) == 2:
		goAway()
		benchChange("setns", setns, parts[1], joined, count)
	case parts[0] == "pivot_root" && len(parts) == 2:
		benchPivotRoot(parts[1], count)
	case parts[0] == "spawn" && len(parts) == 2:
		benchSpawn(parts[1], false, count)
	case parts[0] == "spawn" && len(parts) == 3 && parts[1] == "first":
		benchSpawn(parts[2], true, count)
	case parts[0] == "attach" && len(parts) == 2:
		benchAttach(parts[1], false, count)
	case parts[0] == "attach" && len(parts) == 3 && parts[1] == "spaced":
		benchAttach(parts[2], true, count)
	default:
		panic("no such operation: " + operation)
	}
}

// child is the child of the step: it makes the calls of pivot_root, in six
// namespaces.
func child() {
	skeleton.EnterNewRoot(root, nil)
}

var root string

// unshare and setns change one thread, and Go may resume main on any other
// unless it is locked to its first one before it starts.
func init() {
	runtime.LockOSThread()
	for i := range kinds {
		kinds[i].path = append(
			[]byte("/proc/thread-self/ns/"+kinds[i].file), 0)
	}
}

func main() {
	if len(os.Args) > 1 {
		root = skeleton.NewRoot()
		skeleton.CloneAndExec(six, child)
		return
	}
	// Children inherit under these numbers: nothing else may get them.
	for _, number := range []int{gate, toldAs} {
		skeleton.Must("dup3",
			syscall.Dup3(2, number, syscall.O_CLOEXEC))
	}
	// A thread may enter a mount namespace if no other thread shares its root.
	skeleton.Must("unshare", syscall.Unshare(syscall.CLONE_FS))
	look(&own)
	// A collection in the middle of a block would be timed.
	debug.SetGCPercent(-1)

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var operation string
		var count int
		_, err := fmt.Sscan(lines.Text(), &operation, &count)
		if err != nil {
			panic("no such line: " + lines.Text())
		}
		taken, seen, looks, ended, mixed = taken[:0], 0, 0, 0, false
		size = ""
		perform(operation, count)
		answer(operation, count)
		runtime.GC()
	}
}
