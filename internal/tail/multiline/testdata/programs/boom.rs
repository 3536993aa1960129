// Traces of Rust.
fn pay(items: &[i32], n: usize) -> i32 { items[n] }

fn main() {
    println!("2026-03-05T10:11:12Z  INFO started");
    let _ = std::thread::Builder::new().name("worker".into()).spawn(|| assert_eq!(1 + 1, 3, "arithmetic")).unwrap().join();
    println!("2026-03-05T10:11:13Z  INFO next");
    let n = std::env::args().count() + 5;
    println!("{}", pay(&[1, 2, 3], n));
}
