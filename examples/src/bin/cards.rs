//! Writes the example accounts for the card-portfolio pack. Seed: 20050930.
//!
//! `cards.csv` has the header, the ranges and the quirks of the public file "Default of Credit Card Clients" (I-Cheng
//! Yeh, UCI Machine Learning Repository), but no account of it: 2,000 invented ones.
//!
//! Usage: `cargo run -p recoup-examples --bin cards [DIR]`; DIR is `examples/data` unless given.

use std::io;
use std::path::PathBuf;

use recoup_examples::random::Random;

const SEED: u64 = 20_050_930;
const ACCOUNTS: i64 = 2_000;
const MONTHS: usize = 6;
const HEADER: &str = "ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,\
    BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,\
    PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,default.payment.next.month";

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("examples/data"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let mut random = Random::seeded(SEED);
    let mut text = format!("{HEADER}\n");
    for id in 1..=ACCOUNTS {
        text.push_str(&account(id, &mut random));
        text.push('\n');
    }
    std::fs::write(folder.join("cards.csv"), text)
}

/// One month of an account.
#[derive(Clone, Copy)]
struct Month {
    status: i64,
    bill: i64,
    paid: i64,
}

fn account(id: i64, random: &mut Random) -> String {
    let limit = 10_000
        * random.within([
            (14, (1, 3)),
            (12, (4, 5)),
            (16, (6, 10)),
            (26, (11, 20)),
            (17, (21, 30)),
            (14, (31, 50)),
            (1, (51, 80)),
        ]);
    let sex = random.weighted([(40, 1), (60, 2)]);
    let education = random.weighted([(353, 1), (467, 2), (164, 3), (4, 4), (9, 5), (3, 6), (3, 0)]);
    let marriage = random.weighted([(455, 1), (532, 2), (11, 3), (2, 0)]);
    let age = random.between(21, 40) + random.between(0, 25) + random.between(0, 14);
    let months = months(limit, random);
    let defaulted = random.in_thousand(chance_of_default(&months));

    let mut cells: Vec<String> = [id, limit, sex, education, marriage, age].iter().map(i64::to_string).collect();
    cells.extend(months.iter().map(|month| month.status.to_string()));
    cells.extend(months.iter().map(|month| spreadsheet(month.bill)));
    cells.extend(months.iter().map(|month| spreadsheet(month.paid)));
    cells.push(i64::from(defaulted).to_string());
    cells.join(",")
}

/// The six months of an account, the newest first.
fn months(limit: i64, random: &mut Random) -> Vec<Month> {
    let mut months = Vec::with_capacity(MONTHS);
    let mut status = random.weighted([(54, 0), (19, -1), (16, -2), (9, 2), (1, 3), (1, 7)]);
    // In hundred-thousandths of the limit, so that all is integers.
    let mut share = if status == 0 { random.between(15_000, 100_000) } else { random.between(0, 25_000) };
    for age in (0..MONTHS).rev() {
        let newest = age == 0;
        let previous = status;
        if age != MONTHS - 1 {
            status = next_status(status, newest, random);
        }
        share = match status {
            -2 => random.within([(10, (0, 0)), (1, (-1_500, -1)), (20, (100, 3_000))]),
            -1 => random.within([(1, (0, 0)), (5, (200, 20_000))]),
            0 => (share + random.between(-4_000, 4_500)).clamp(3_000, 106_000),
            1 if previous < 2 && random.in_thousand(920) => random.within([(9, (0, 0)), (1, (-300, -1))]),
            _ => (share.max(4_000) + random.between(-500, 2_500)).clamp(1_000, 110_000),
        };
        let bill = limit * share / 100_000 + i64::from(share != 0) * random.between(0, 97);
        let owed = bill.max(0);
        let paid = match status {
            -2 => random.within([(3, (0, 0)), (1, (100, 9_000))]),
            -1 => random.within([(4, (owed, owed)), (1, (owed + 1, owed + 900))]),
            2.. => random.within([(5, (0, 0)), (4, (owed / 25, owed / 25 + 400))]),
            _ => random.within([(1, (0, 0)), (14, (owed / 20, owed / 20 + 1_500))]),
        };
        let paid = if paid > 3_000 && random.in_thousand(300) { paid / 1_000 * 1_000 } else { paid };
        months.push(Month { status, bill, paid });
    }
    // A few large round amounts, for the quirk of `spreadsheet`.
    let place = random.pick([0, 1, 2, 3, 4, 5]);
    if limit >= 200_000
        && random.in_thousand(30)
        && let Some(month) = months.get_mut(place)
    {
        month.paid = random.weighted([(4, 100_000), (1, 200_000)]);
    }
    months.reverse();
    months
}

/// A status of 1 is almost only found in the newest month; late accounts jump to 2, and seldom reach more.
fn next_status(status: i64, newest: bool, random: &mut Random) -> i64 {
    let one = i64::from(newest);
    match status {
        -2 => random.weighted([(78, -2), (10, -1), (6, 0), (30 * one, 1), (2, 2)]),
        -1 => random.weighted([(13, -2), (66, -1), (14, 0), (11 * one, 1), (5, 2)]),
        0 => random.weighted([(1, -2), (5, -1), (86, 0), (5, 2)]),
        2 => random.weighted([(3, -1), (12, 0), (40 * one, 1), (55, 2), (7, 3)]),
        7 => random.weighted([(1, 2), (5, 7), (3 * one, 8)]),
        late => random.weighted([(10, late - 1), (10, 2), (4, (late + 1).min(8)), (6, 0)]),
    }
}

/// In so many of 1,000 cases.
fn chance_of_default(months: &[Month]) -> i64 {
    match months.first().map(|month| month.status) {
        Some(1) => 340,
        Some(2..) => 700,
        _ if months.iter().any(|month| month.status > 0) => 270,
        _ => 115,
    }
}

/// An amount as the file writes it: whole, but a round hundred thousand has been through a spreadsheet.
fn spreadsheet(amount: i64) -> String {
    if amount >= 100_000 && amount % 100_000 == 0 { format!("{}.00E+05", amount / 100_000) } else { amount.to_string() }
}
