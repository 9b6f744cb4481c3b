//! The conventions of this repository, each a test whose message says what to
//! do.
//!
//! Files that belong together are found by name: a step has its sources, its
//! expected effect and calls, and its page; a property its file; an explanation
//! its page. The tests name what is missing, and files that belong to nothing.

#[path = "../availability/mod.rs"]
mod availability;
mod contributing;
mod glossary;
mod imports;
mod lists;
mod manual;
mod messages;
mod named;
mod pages;
#[path = "../pages_written/mod.rs"]
mod pages_written;
mod picture;
mod posts;
mod schema;
mod sleeps;
mod sources;
mod terms;
mod tree;
mod words;

use availability::unavailable;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::ExitCode;
use tree::Tree;

/// A convention: its name, and the function that checks it.
type Convention = (&'static str, fn(&Tree) -> Found);
/// The faults, one line each; or why the convention cannot be checked.
type Found = Result<Vec<String>, String>;

const CONVENTIONS: &[Convention] = &[
    ("a_step_has_three_sources", lists::sources_of_steps),
    ("a_file_that_steps_share_is_listed", lists::sources_that_steps_share),
    ("a_step_has_its_blessed_effect_and_calls", lists::blessed_of_steps),
    ("a_step_has_a_page", lists::pages_of_steps),
    ("the_page_of_a_step_shows_what_the_step_has", lists::shown_of_steps),
    ("a_source_belongs_to_a_step", lists::steps_of_sources),
    ("an_explained_difference_has_a_page", lists::pages_of_differences),
    ("a_page_that_a_report_names_exists", named::exist),
    ("what_a_step_is_refused_has_a_page", named::of_refusals),
    ("a_page_about_a_difference_is_named", named::of_differences),
    ("a_property_has_one_file", lists::files_of_properties),
    ("a_page_is_in_the_summary", pages::pages_in_the_summary),
    ("a_chapter_about_a_step_has_its_blocks", pages::blocks_of_a_chapter),
    ("a_step_names_its_posts_with_their_addresses", posts::of_steps),
    ("the_introduction_lists_the_posts", posts::of_introduction),
    ("a_word_of_ours_cannot_hide", terms::tricks),
    ("a_word_of_the_glossary_is_decided_on", terms::decided),
    ("a_source_opens_with_a_sentence", sources::opening_sentences),
    ("a_step_is_narrow_and_short", sources::narrow_steps),
    ("unsafe_is_where_it_may_be", sources::places_of_unsafe),
    ("nothing_is_unwrapped_outside_of_tests", sources::unwrapped),
    ("nothing_is_synchronised_by_sleeping", sleeps::sleeping),
    ("a_public_item_has_a_sentence", sources::short_documentation),
    ("a_name_has_a_meaning", sources::names_without_a_meaning),
    ("what_a_page_includes_is_there", pages::includes),
    ("no_block_of_code_is_empty", pages::empty_blocks),
    ("a_page_has_a_row_on_the_page_of_its_part", pages::rows_of_a_part),
    ("the_table_of_claims_is_not_stale", pages::claims),
    ("a_subcommand_is_in_the_readme", lists::rows_of_subcommands),
    ("a_key_is_on_the_page_of_observations", lists::keys_of_properties),
    ("the_page_of_contributing_counts_right", contributing::counts),
    ("the_picture_of_the_steps_is_not_stale", picture::steps),
    ("comments_names_and_pages_use_plain_words", words::plain),
    ("a_word_is_searched_in_every_kind_of_text", words::is_searched_everywhere),
    ("the_glossary_names_what_is_there", glossary::holds),
    ("a_word_of_ours_is_explained", terms::explained),
    ("the_page_of_messages_is_not_stale", messages::page),
    ("the_page_of_the_schema_is_not_stale", schema::page),
    ("no_file_uses_itself", imports::circles),
    ("a_crate_has_few_floors", imports::floors),
    ("a_link_leads_somewhere", pages::links),
    ("a_page_of_the_manual_exists", manual::pages),
    ("no_file_has_a_path_of_one_machine", sources::paths_of_machines),
    ("what_enters_a_new_root_is_static", sources::interpreters),
];

fn main() -> ExitCode {
    let trials = CONVENTIONS
        .iter()
        .map(|(name, look)| {
            Trial::ignorable_test(*name, move || judge(look(&Tree::read()?)))
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn judge(found: Found) -> Result<Completion, Failed> {
    match found {
        Ok(wrong) if wrong.is_empty() => Ok(Completion::Completed),
        Ok(wrong) => Err(wrong.join("\n").into()),
        Err(reason) => unavailable(&reason),
    }
}
