//! A payload that says under which name it was executed. It is linked
//! statically and asks no file system, so that it runs in an empty root.

fn main() {
    println!("{}", pitfalls::executed_as().to_string_lossy());
}
