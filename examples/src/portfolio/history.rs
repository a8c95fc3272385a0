//! The history of a case: contacts, promises, payments, disputes, complaints, settlements. Oldest first.

use super::days_ago;
use crate::json::Object;
use crate::random::Random;

/// Adds the lists of a case. Some are not given, and some are given as unknown.
pub(super) fn add(case: &mut Object, days_past_due: i64, balance: i64, random: &mut Random) {
    let lists = [
        ("contacts", contacts(days_past_due, random)),
        ("promises", promises(days_past_due, balance, random)),
        ("payments", payments(days_past_due, balance, random)),
        ("disputes", disputes(balance, random)),
        ("complaints", complaints(random)),
        ("settlements", settlements(days_past_due, balance, random)),
    ];
    for (key, items) in lists {
        match random.between(0, 999) {
            0..25 => {}
            25..35 => case.unknown(key),
            _ => case.list(key, &items),
        }
    }
}

fn contacts(days_past_due: i64, random: &mut Random) -> Vec<Object> {
    let longest = days_past_due.min(110);
    let count = if longest == 0 { 0 } else { random.between(0, 3 + longest / 12) };
    let mut times: Vec<(i64, i64)> = (0..count)
        .map(|_| {
            // On the day itself, early enough to lie before the evening of the decision.
            let days = random.between(0, longest);
            (-days, random.between(8 * 60, if days == 0 { 17 * 60 } else { 20 * 60 }))
        })
        .collect();
    times.sort_unstable();
    let contact = |(days, minute): (i64, i64)| {
        let mut contact = Object::default();
        contact.text("at", format!("{}T{:02}:{:02}:00-04:00", days_ago(-days), minute / 60, minute % 60));
        let inbound = random.in_thousand(120);
        contact.text("direction", if inbound { "inbound" } else { "outbound" });
        let channel = random.weighted([
            (60, "call"),
            (16, "sms"),
            (14, "email"),
            (8, "letter"),
            (if inbound { 0 } else { 2 }, "visit"),
        ]);
        contact.text("channel", channel);
        let outcome = match channel {
            "call" if inbound => random.weighted([(8, "conversation"), (2, "right_party")]),
            "call" => random.weighted([
                (45, "no_answer"),
                (19, "left_message"),
                (12, "conversation"),
                (6, "right_party"),
                (6, "wrong_party"),
                (8, "not_connected"),
                (4, "refused"),
            ]),
            "visit" => random.weighted([(3, "no_answer"), (1, "conversation")]),
            _ if inbound => "right_party",
            _ => random.weighted([(94, "delivered"), (6, "bounced")]),
        };
        contact.text("outcome", outcome);
        contact
    };
    times.into_iter().map(contact).collect()
}

fn promises(days_past_due: i64, balance: i64, random: &mut Random) -> Vec<Object> {
    let count =
        if days_past_due < 10 || balance < 100 { 0 } else { random.weighted([(55, 0), (25, 1), (13, 2), (7, 3)]) };
    let mut made: Vec<i64> = (0..count).map(|_| random.between(0, days_past_due.min(150))).collect();
    made.sort_unstable_by(|a, b| b.cmp(a));
    made.into_iter()
        .map(|made| {
            let due = made - random.between(3, 21);
            let mut promise = Object::default();
            promise.text("made_on", days_ago(made));
            promise.text("due_on", days_ago(due));
            promise.money("amount", (balance * random.between(5, 60) / 100).max(1));
            let status = match due {
                ..=0 => "open",
                1..=3 if random.in_thousand(500) => "open",
                _ => random.weighted([(42, "kept"), (38, "broken"), (12, "partial"), (8, "cancelled")]),
            };
            promise.text("status", status);
            promise
        })
        .collect()
}

fn payments(days_past_due: i64, balance: i64, random: &mut Random) -> Vec<Object> {
    let count = match days_past_due {
        0..=15 => random.weighted([(1, 0), (3, 5), (7, 12)]),
        16..=90 => random.weighted([(4, 0), (4, 3), (3, 8)]),
        _ => random.weighted([(6, 0), (3, 2), (1, 5)]),
    };
    (0..count)
        .rev()
        .map(|month: i64| {
            let received = month * 30 + random.between(0, 24);
            let mut payment = Object::default();
            payment.text("received_on", days_ago(received));
            payment.money("amount", (balance * random.between(2, 15) / 100).max(100));
            if random.in_thousand(850) {
                payment.text("method", random.weighted([(5, "ach"), (4, "card"), (1, "cheque"), (1, "wire")]));
            }
            if random.in_thousand(40) {
                payment.text("reversed_on", days_ago((received - random.between(1, 9)).max(0)));
            }
            payment
        })
        .collect()
}

fn disputes(balance: i64, random: &mut Random) -> Vec<Object> {
    if !random.in_thousand(70) {
        return Vec::new();
    }
    let received = random.between(0, 90);
    let mut dispute = Object::default();
    dispute.text("received_on", days_ago(received));
    dispute.raw("written", random.in_thousand(600));
    if balance > 100 && random.in_thousand(400) {
        dispute.money("amount", balance / 2);
    }
    if random.in_thousand(350) {
        dispute.text("closed_on", days_ago(random.between(0, received)));
    }
    vec![dispute]
}

fn complaints(random: &mut Random) -> Vec<Object> {
    if !random.in_thousand(50) {
        return Vec::new();
    }
    let received = random.between(0, 60);
    let mut complaint = Object::default();
    complaint.text("received_on", days_ago(received));
    complaint.text(
        "words",
        random.pick([
            "You call at dinner time, please stop that",
            "The amount in your letter is not what I owe",
            "My lawyer will hear of this",
            "I have written to the CFPB about you",
            "Nobody called me back as promised",
            "I will go to the regulator if this goes on",
        ]),
    );
    if random.in_thousand(300) {
        complaint.text("closed_on", days_ago(random.between(0, received)));
    }
    vec![complaint]
}

fn settlements(days_past_due: i64, balance: i64, random: &mut Random) -> Vec<Object> {
    if days_past_due <= 90 || balance < 100 || !random.in_thousand(150) {
        return Vec::new();
    }
    let offered = random.between(20, (days_past_due - 60).min(400));
    let ended = random.between(0, offered - 14);
    let mut settlement = Object::default();
    settlement.text("offered_on", days_ago(offered));
    settlement.money("amount", balance * random.between(40, 90) / 100);
    let status = random.weighted([(2, "offered"), (1, "accepted"), (3, "broken"), (3, "expired")]);
    settlement.text("status", status);
    if matches!(status, "broken" | "expired") {
        settlement.text("ended_on", days_ago(ended));
    }
    vec![settlement]
}
