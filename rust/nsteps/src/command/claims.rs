//! `nsteps claims`: what the posts claim, checked live.

use crate::claims::report::{Report, Tally, markdown};
use crate::claims::{CLAIMS, Claim, Finding, Found, Scene};
use crate::cli::Claims;
use crate::equipment::Equipment;
use crate::error::{Error, Result};
use crate::step::POSTS;
use crate::{interrupt, machine, output, workers};
use std::time::Instant;

/// Checks, reports, and says with its status whether all was as expected.
///
/// # Errors
///
/// A number or post nobody knows.
pub fn run(options: &Claims) -> Result<u8> {
    let claims = chosen(&options.which)?;
    if options.markdown {
        return output::print(&markdown(&claims)).map(|()| 0);
    }
    let equipment = Equipment::gather(None)?;
    let begun = Instant::now();
    let outcomes = check(&claims, &equipment);
    interrupt::check()?;
    let report = Report {
        outcomes: &outcomes,
        machine: machine::in_a_few_words(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    let text = if options.json { report.json() } else { report.text() };
    output::print(&text)?;
    if !options.json {
        let page = equipment.layout.pages("claims.md");
        output::print(&format!("page: {page}\n"))?;
    }
    Ok(Tally::of(&outcomes).checked.status())
}

/// The claims that were named by number, post or `POST/TOPIC`, or all.
///
/// # Errors
///
/// A name nobody knows.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Claim>> {
    let is = |claim: &Claim, name: &String| {
        claim.number.to_string() == *name
            || claim.posts.iter().any(|post| {
                post.key == *name
                    || format!("{}/{}", post.key, claim.topic) == *name
            })
    };
    for name in names {
        if !CLAIMS.iter().any(|claim| is(claim, name)) {
            let posts: Vec<_> = POSTS.iter().map(|post| post.key).collect();
            return Err(Error::new(format!(
                "no claim is called {name}: they are numbered 1 to {}, or \
                 named by post: {}",
                CLAIMS.len(),
                posts.join(", ")
            )));
        }
    }
    Ok(CLAIMS
        .iter()
        .filter(|claim| {
            names.is_empty() || names.iter().any(|name| is(claim, name))
        })
        .collect())
}

/// Checks claims, as many at once as there are processors.
pub fn check(
    claims: &[&'static Claim],
    equipment: &Equipment,
) -> Vec<(&'static Claim, Found<Finding>)> {
    let scene = Scene::new(equipment);
    let found = workers::in_order(
        claims,
        |claim| claim.check(&scene),
        |claim| claim.source(),
    );
    claims.iter().copied().zip(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_named_by_number_post_or_topic() {
        let numbers = |names: &[&str]| {
            let names: Vec<_> =
                names.iter().map(|it| (*it).to_owned()).collect();
            chosen(&names)
                .map(|it| it.iter().map(|it| it.number).collect::<Vec<_>>())
        };
        assert_eq!(numbers(&["13"]), Ok(vec![13]));
        assert_eq!(numbers(&["tejo"]), Ok(vec![19, 20, 21]));
        assert_eq!(numbers(&["crosby/mount"]), Ok(vec![2, 3, 4, 5]));
        assert_eq!(numbers(&[]).map(|it| it.len()), Ok(CLAIMS.len()));
        assert!(numbers(&["34"]).is_err());
    }
}
