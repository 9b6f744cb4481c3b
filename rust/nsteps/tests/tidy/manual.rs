//! No text refers to a page of the manual that does not exist.

use crate::Found;
use crate::pages::prose;
use crate::tree::{Text, Tree};

/// The pages of the manual that the book, a README or a comment may name.
///
/// A new name is looked up before it is added here. These were looked up by
/// `man -w SECTION NAME` on Debian 12 with the packages manpages, manpages-dev,
/// util-linux and those of the tools named; newer ones in the Linux man-pages
/// 6.16 and, for a tool, in its own sources.
const KNOWN: &[&str] = &[
    "PR_SET_DUMPABLE(2)",
    "PR_SET_NO_NEW_PRIVS(2)",
    "PR_SET_PDEATHSIG(2)",
    "_exit(2)",
    "abort(3)",
    "accept(2)",
    "access(2)",
    "alarm(2)",
    "apt-get(8)",
    "awk(1)",
    "bash(1)",
    "bind(2)",
    "brk(2)",
    "bwrap(1)",
    "capabilities(7)",
    "capget(2)",
    "capset(2)",
    "cat(1)",
    "cgroup_namespaces(7)",
    "cgroups(7)",
    "chdir(2)",
    "chmod(2)",
    "chown(2)",
    "chroot(1)",
    "chroot(2)",
    "chroot(8)",
    "clock_gettime(2)",
    "clone(2)",
    "clone3(2)",
    "close(2)",
    "close_range(2)",
    "cmsg(3)",
    "confstr(3)",
    "connect(2)",
    "console_codes(4)",
    "cp(1)",
    "cpuset(7)",
    "credentials(7)",
    "crun(1)",
    "dash(1)",
    "date(1)",
    "df(1)",
    "diff(1)",
    "dup(2)",
    "dup2(2)",
    "dup3(2)",
    "env(1)",
    "environ(7)",
    "epoll(7)",
    "errno(3)",
    "eventfd(2)",
    "exec(3)",
    "execve(2)",
    "execveat(2)",
    "execvp(3)",
    "execvpe(3)",
    "exit(3)",
    "exit_group(2)",
    "false(1)",
    "fchdir(2)",
    "fcntl(2)",
    "filesystems(5)",
    "findmnt(8)",
    "flock(2)",
    "fmemopen(3)",
    "fork(2)",
    "fsconfig(2)",
    "fsmount(2)",
    "fsopen(2)",
    "fstat(2)",
    "ftruncate(2)",
    "full(4)",
    "futex(2)",
    "gdb(1)",
    "getauxval(3)",
    "getdents(2)",
    "getenv(3)",
    "getgroups(2)",
    "getifaddrs(3)",
    "getline(3)",
    "getpgid(2)",
    "getpid(2)",
    "getppid(2)",
    "getpriority(2)",
    "getpwnam(3)",
    "getrlimit(2)",
    "getrusage(2)",
    "gettid(2)",
    "gettimeofday(2)",
    "grep(1)",
    "head(1)",
    "hostname(1)",
    "id(1)",
    "inotify(7)",
    "inotify_add_watch(2)",
    "inotify_init(2)",
    "ioctl(2)",
    "ioctl_ns(2)",
    "ioctl_nsfs(2)",
    "ioctl_tty(2)",
    "ip(8)",
    "ipc_namespaces(7)",
    "ipcs(1)",
    "isatty(3)",
    "keyctl(2)",
    "kill(1)",
    "kill(2)",
    "ld.so(8)",
    "ldd(1)",
    "link(2)",
    "listen(2)",
    "listmount(2)",
    // Documented by the kernel alone so far.
    "listns(2)",
    "locale(7)",
    "ls(1)",
    "lseek(2)",
    "lsns(8)",
    "make(1)",
    "mallopt(3)",
    "man(1)",
    "memfd_create(2)",
    "mkdir(1)",
    "mkdir(2)",
    "mkdirat(2)",
    "mkdtemp(3)",
    "mkfifo(3)",
    "mknod(2)",
    "mknodat(2)",
    "mmap(2)",
    "mount(2)",
    "mount(8)",
    "mount_namespaces(7)",
    "mount_setattr(2)",
    "move_mount(2)",
    "mprotect(2)",
    "mq_open(3)",
    "mq_overview(7)",
    "msgget(2)",
    "munmap(2)",
    "name_to_handle_at(2)",
    "namespaces(7)",
    "nanosleep(2)",
    "netdevice(7)",
    "netlink(7)",
    "network_namespaces(7)",
    "newfstatat(2)",
    "newuidmap(1)",
    "nice(1)",
    "nohup(1)",
    "nproc(1)",
    "nptl(7)",
    "nsenter(1)",
    "nsswitch.conf(5)",
    "null(4)",
    "open(2)",
    "open_tree(2)",
    "openat(2)",
    "openat2(2)",
    "openpty(3)",
    "path_resolution(7)",
    "personality(2)",
    "pgrep(1)",
    "pid_namespaces(7)",
    "pidfd_open(2)",
    "pidfd_send_signal(2)",
    "pipe(2)",
    "pipe2(2)",
    "pivot_root(2)",
    "pkill(1)",
    "poll(2)",
    "popen(3)",
    "posix_spawn(3)",
    "ppoll(2)",
    "prctl(2)",
    "prlimit(2)",
    "process_madvise(2)",
    "proc(5)",
    "proc_pid_mountinfo(5)",
    "proc_pid_status(5)",
    "proc_sys_kernel(5)",
    "ps(1)",
    "pselect(2)",
    "pthread_atfork(3)",
    "pthread_cancel(3)",
    "pthread_create(3)",
    "pthreads(7)",
    "ptrace(2)",
    "pts(4)",
    "pty(7)",
    "random(4)",
    "read(2)",
    "readlink(1)",
    "readlink(2)",
    "recvmsg(2)",
    "rename(2)",
    "restart_syscall(2)",
    "rmdir(2)",
    "rt_sigaction(2)",
    "rt_sigprocmask(2)",
    "rtnetlink(7)",
    "runc(8)",
    "sched(7)",
    "sched_getaffinity(2)",
    "sched_setaffinity(2)",
    "script(1)",
    "sd_listen_fds(3)",
    "seccomp(2)",
    "sed(1)",
    "select(2)",
    "sendfile(2)",
    "sendmsg(2)",
    "session-keyring(7)",
    "set_mempolicy(2)",
    "set_tid_address(2)",
    "setdomainname(2)",
    "setgid(2)",
    "setgroups(2)",
    "sethostname(2)",
    "setjmp(3)",
    "setns(2)",
    "setpgid(2)",
    "setpriority(2)",
    "setpriv(1)",
    "setresgid(2)",
    "setresuid(2)",
    "setrlimit(2)",
    "setsid(1)",
    "setsid(2)",
    "setsockopt(2)",
    "setuid(2)",
    "setvbuf(3)",
    "sh(1)",
    "shm_overview(7)",
    "shmat(2)",
    "shmget(2)",
    "shutdown(2)",
    "sigaction(2)",
    "signal(2)",
    "signal(7)",
    "signal-safety(7)",
    "signalfd(2)",
    "sigprocmask(2)",
    "sleep(1)",
    "socket(2)",
    "socketpair(2)",
    "splice(2)",
    "stat(1)",
    "stat(2)",
    "stat(3)",
    "statfs(2)",
    "statmount(2)",
    "statvfs(3)",
    "statx(2)",
    "strace(1)",
    "strerror(3)",
    "symlink(2)",
    "symlinkat(2)",
    "syscall(2)",
    "sysconf(3)",
    "sysfs(5)",
    "sysinfo(2)",
    "system(3)",
    "sysvipc(7)",
    "tail(1)",
    "taskset(1)",
    "terminfo(5)",
    "termios(3)",
    "tgkill(2)",
    "time_namespaces(7)",
    "timeout(1)",
    "timerfd_create(2)",
    "times(2)",
    "tkill(2)",
    "tmpfs(5)",
    "top(1)",
    "true(1)",
    "tty(4)",
    "tty_ioctl(4)",
    "umask(2)",
    "umount(2)",
    "umount(8)",
    "umount2(2)",
    "uname(1)",
    "uname(2)",
    "unix(7)",
    "unlink(2)",
    "unlinkat(2)",
    "unshare(1)",
    "unshare(2)",
    "user-keyring(7)",
    "user_namespaces(7)",
    "useradd(8)",
    "uts_namespaces(7)",
    "vdso(7)",
    "veth(4)",
    "vfork(2)",
    "wait(2)",
    "wait4(2)",
    "waitid(2)",
    "waitpid(2)",
    "wc(1)",
    "write(2)",
    "yes(1)",
];

/// The names of pages in prose and in comments, and in links to the Linux
/// man-pages.
pub fn pages(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    for file in tree.of("", &[".md", ".rs", ".c", ".h", ".go", ".sh"]) {
        for name in named(file) {
            if !KNOWN.contains(&name.as_str()) {
                wrong.push(format!(
                    "{}: {name} is not among the known pages of the manual: \
                     is there one? Then add it",
                    file.path
                ));
            }
        }
    }
    Ok(wrong)
}

fn named(file: &Text) -> Vec<String> {
    let is_page = file.path.ends_with(".md");
    let lines: Vec<String> = match is_page {
        true => prose(&file.text)
            .map(|line| line.split('`').step_by(2).collect())
            .collect(),
        false => file.text.lines().filter_map(comment).collect(),
    };
    let mut names: Vec<String> =
        lines.iter().flat_map(|line| names(line)).collect();
    names.extend(linked(&file.text));
    names
}

/// The comment in a line of a source, if there is one.
fn comment(line: &str) -> Option<String> {
    let line = line.trim_start();
    let marks = ["//", "/*", "*", "# "];
    let mark = marks.iter().find(|mark| line.starts_with(**mark))?;
    // Text between backticks is code.
    Some(line[mark.len()..].split('`').step_by(2).collect())
}

/// Each `name(SECTION)` of a text.
fn names(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('(') {
        let mut after = text[at + 1..].chars();
        let section = after.next().filter(|it| ('1'..='8').contains(it));
        let Some(section) = section else { continue };
        if after.next() != Some(')') {
            continue;
        }
        let is_of_name =
            |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
        let name = text[..at].rsplit(|it| !is_of_name(it)).next();
        if let Some(name) = name.filter(|it| !it.is_empty()) {
            found.push(format!("{name}({section})"));
        }
    }
    found
}

/// Each page that a link to the Linux man-pages leads to.
fn linked(text: &str) -> Vec<String> {
    const SITE: &str = "man7.org/linux/man-pages/man";
    text.split(SITE)
        .skip(1)
        .filter_map(|rest| {
            let (section, rest) = rest.split_once('/')?;
            let (file, _) = rest.split_once(".html")?;
            // Anything else is not a link, but the text of one in a program.
            (section.len() == 1).then_some(())?;
            // `PR_SET_PDEATHSIG.2const` is in section 2.
            let (name, _) = file.rsplit_once('.')?;
            Some(format!("{name}({section})"))
        })
        .collect()
}
