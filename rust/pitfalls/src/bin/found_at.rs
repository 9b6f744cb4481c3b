//! A payload that prints the name by which it was executed. It is linked
//! statically and opens no file, so that it runs in an empty root.

fn main() {
    println!("{}", pitfalls::executed_as().to_string_lossy());
}
