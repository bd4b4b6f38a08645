//! What becomes of operations whose delivery does not go well.

use super::fakes::BEGIN;
use super::*;
use crate::http::Class;
use crate::state::View as _;

fn one_event() -> Vec<Vec<crate::record::Record>> {
    vec![vec![issue(1, "jane@x", 1, "Open", &[BEGIN])]]
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_asking() {
    let rig = Rig::new(one_event());
    rig.tricks(vec![Trick::Apply, Trick::LoseAnswer]);
    let finished = rig.run().await;
    assert_eq!(
        (finished.end.exit_code(), finished.summary.unsettled),
        (0, 0)
    );
    assert_eq!(finished.summary.operations["brevo.events"].sent, 1);
    let Destination { finds, events, .. } = &*rig.destination.lock().unwrap();
    assert_eq!(*finds, [5_000]);
    assert_eq!(events.values().collect::<Vec<_>>(), [&1]);
}

#[tokio::test]
async fn a_lost_request_is_sent_again_once_absence_is_believed() {
    let rig = Rig::new(one_event());
    rig.tricks(vec![Trick::Apply, Trick::LoseRequest]);
    let finished = rig.run().await;
    assert_eq!(finished.end.exit_code(), 0);
    let Destination { finds, events, .. } = &*rig.destination.lock().unwrap();
    assert_eq!(*finds, [5_000, 15_000, 60_000]);
    assert_eq!(events.values().collect::<Vec<_>>(), [&1]);
}

#[tokio::test]
async fn what_cannot_be_asked_after_stays_unsettled_and_is_not_sent_again() {
    let rig = Rig::new(one_event());
    rig.tricks(vec![Trick::Apply, Trick::LoseAnswer]);
    rig.destination.lock().unwrap().blind = true;
    let finished = rig.run().await;
    assert_eq!(
        (finished.end.exit_code(), finished.summary.unsettled),
        (4, 1)
    );
    assert!(
        rig.destination
            .lock()
            .unwrap()
            .events
            .values()
            .all(|times| *times == 1)
    );
    rig.destination.lock().unwrap().blind = false;
    let second = rig.run().await;
    assert_eq!((second.end.exit_code(), second.summary.unsettled), (0, 0));
    assert!(
        rig.destination
            .lock()
            .unwrap()
            .events
            .values()
            .all(|times| *times == 1)
    );
}

/// A destination that nobody can ask, but that knows a repetition for half an hour.
fn forgetful(tricks: Vec<Trick>) -> Rig {
    let rig = Rig::new(one_event());
    rig.tricks(tricks);
    let mut destination = rig.destination.lock().unwrap();
    destination.blind = true;
    destination.known_for = Some(30 * 60_000);
    drop(destination);
    rig
}

#[tokio::test]
async fn what_the_service_knows_again_is_settled_by_sending_it_again() {
    for lost in [Trick::LoseAnswer, Trick::LoseRequest] {
        let rig = forgetful(vec![Trick::Apply, lost.clone(), lost]);
        let finished = rig.run().await;
        assert_eq!(
            (finished.end.exit_code(), finished.summary.unsettled),
            (0, 0)
        );
        assert_eq!(finished.summary.operations["brevo.events"].sent, 1);
        let Destination { events, .. } = &*rig.destination.lock().unwrap();
        assert_eq!(events.values().collect::<Vec<_>>(), [&1]);
    }
}

#[tokio::test]
async fn what_the_service_may_have_forgotten_is_held_and_not_sent_again() {
    let mut tricks = vec![Trick::Apply];
    tricks.extend(vec![Trick::LoseAnswer; 50]);
    let rig = forgetful(tricks);
    let first = rig.run().await;
    assert_eq!((first.end.exit_code(), first.summary.unsettled), (4, 1));
    rig.clock.advance(std::time::Duration::from_secs(29 * 60));
    let calls = rig.destination.lock().unwrap().calls;
    let second = rig.run().await;
    let end = (second.end.exit_code(), second.summary.unsettled);
    assert_eq!((end, second.summary.dead_letters), ((1, 0), 1));
    let Destination {
        events, calls: now, ..
    } = &*rig.destination.lock().unwrap();
    assert_eq!(*now, calls, "it was not sent again");
    assert_eq!(events.values().collect::<Vec<_>>(), [&1]);
}

#[tokio::test]
async fn a_contact_of_unknown_outcome_is_just_sent_again_before_its_events() {
    let rig = Rig::new(one_event());
    rig.tricks(vec![Trick::LoseAnswer, Trick::LoseRequest]);
    let finished = rig.run().await;
    assert_eq!(finished.end.exit_code(), 0);
    let destination = rig.destination.lock().unwrap();
    assert!(destination.finds.is_empty());
    let sinks: Vec<_> = destination
        .log
        .iter()
        .map(|one| one.split(' ').next().unwrap())
        .collect();
    assert_eq!(sinks, ["brevo.contacts", "brevo.contacts", "brevo.events"]);
}

#[tokio::test]
async fn what_is_busy_is_tried_a_few_times_and_then_left_to_the_next_run() {
    let rig = Rig::new(one_event());
    rig.tricks(vec![Trick::Refuse(Class::RateLimited); 20]);
    let first = rig.run().await;
    assert_eq!((first.end.exit_code(), first.summary.unsettled), (4, 2));
    assert_eq!(rig.destination.lock().unwrap().calls, 6);
    let waited: std::time::Duration = rig.clock.slept().iter().sum();
    assert!(waited.as_secs() < 120, "{waited:?}");
    rig.tricks(vec![]);
    assert_eq!(rig.run().await.end.exit_code(), 0);
    assert_eq!(rig.destination.lock().unwrap().events.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_reached_ends_the_run_with_3() {
    let rig = Rig::new(one_event());
    rig.tricks(vec![Trick::Refuse(Class::Unreachable); 20]);
    let first = rig.run().await;
    assert_eq!(first.end.exit_code(), 3);
    assert_eq!(rig.destination.lock().unwrap().calls, 6);
}

#[tokio::test]
async fn a_rejected_operation_is_a_dead_letter_and_the_rest_goes_on() {
    let rig = Rig::new(one_event());
    rig.tricks(vec![Trick::Reject]);
    let first = rig.run().await;
    assert_eq!((first.end.exit_code(), first.summary.dead_letters), (1, 1));
    assert_eq!(rig.destination.lock().unwrap().events.len(), 1);
    let letters = rig.reader().dead_letters(None).await.unwrap();
    assert_eq!(letters[0].reason, "Brevo says no");
    assert_eq!(letters[0].sink.as_deref(), Some("brevo.contacts"));
    assert_eq!(
        rig.run().await.end.exit_code(),
        0,
        "an old dead letter is no new one"
    );
}

#[tokio::test]
async fn nobody_to_apply_it_to_is_counted() {
    let rig = Rig::new(one_event());
    rig.tricks(vec![Trick::Unmatched]);
    let first = rig.run().await;
    assert_eq!((first.end.exit_code(), first.summary.unmatched), (0, 1));
    assert!(rig.reader().dead_letters(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn no_more_than_one_page_is_read_ahead_of_what_is_delivered() {
    let pages = (0..20)
        .map(|page| vec![issue(page, &format!("{page}@x"), 1, "Open", &[])])
        .collect();
    let rig = Rig::new(pages);
    // The first delivery is refused for good: how far had the source been read?
    rig.tricks(vec![Trick::Refuse(Class::Permission)]);
    assert_eq!(rig.run().await.end.exit_code(), 3);
    let pulled = rig.pages.pulled.load(std::sync::atomic::Ordering::SeqCst);
    assert!(pulled <= 2, "{pulled}");
}

#[tokio::test]
async fn what_waits_goes_where_it_belongs_after_the_sinks_were_edited() {
    let mut rig = Rig::new(one_event());
    rig.tricks(vec![Trick::Refuse(Class::Authentication)]);
    assert_eq!(rig.run().await.end.exit_code(), 3);
    rig.edited = true;
    let second = rig.run().await;
    assert_eq!(second.end.exit_code(), 1, "{:?}", second.end);
    assert_eq!(second.summary.operations["brevo.contacts"].created, 1);
    assert_eq!(
        second.summary.operations["brevo.notes"],
        crate::engine::SinkCounts::default()
    );
    // The sink of the event is gone: a person decides.
    let letters = rig.reader().dead_letters(None).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(&*letters[0].class, "orphaned");
    assert!(rig.destination.lock().unwrap().events.is_empty());
}
