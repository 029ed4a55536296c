//! Mistakes that do not compile. The messages are a part of the product: they are
//! frozen beside each program, in `compile_fail/*.stderr`.

#[test]
fn mistakes_do_not_compile_and_say_what_to_do() {
    trybuild::TestCases::new().compile_fail("compile_fail/*.rs");
}
