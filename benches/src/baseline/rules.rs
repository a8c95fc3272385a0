//! The 76 rules as a programmer writes them by hand: takes a case, gives its outcome, row by row from the top.
//!
//! The answers that everything else is compared with. Allocates nothing, explains nothing, checks nothing.

use super::{Case, CustomerType, Language, Outcome, Product, Region, Role, Segment, Stage};

const CALLCAP: u16 = 1 << 0;
const BROKEN3: u16 = 1 << 1;
const BANKRUPT: u16 = 1 << 2;
const DECEASED: u16 = 1 << 3;
const NOCONTACT: u16 = 1 << 4;
const HIGHRISK: u16 = 1 << 5;
const LANG: u16 = 1 << 6;
const STALE: u16 = 1 << 7;
const CORP: u16 = 1 << 8;
const LATEPAY: u16 = 1 << 9;

/// Decides a case.
pub fn decide(case: &Case) -> Outcome {
    let segment = segment(case);
    let (discount_bps, role) = settlement(case, segment);
    Outcome {
        segment,
        discount_bps,
        role,
        triggers: triggers(case),
        incentive: incentive(case),
        stage: next_stage(case),
    }
}

fn segment(case: &Case) -> Segment {
    if case.balance >= 1_000_000
        && case.days_past_due < 30
        && case.credit_score >= 720
        && matches!(case.product, Product::Mortgage | Product::Auto | Product::Loan)
        && !case.disputed
    {
        return Segment::Vip;
    }
    if case.balance >= 0
        && case.days_past_due >= 0
        && case.credit_score >= 0
        && matches!(
            case.product,
            Product::Card | Product::Loan | Product::Mortgage | Product::Auto | Product::Telco | Product::Utility
        )
        && case.disputed
    {
        return Segment::Dispute;
    }
    if (50_000..2_000_000).contains(&case.balance)
        && case.days_past_due >= 30
        && case.credit_score < 560
        && matches!(case.product, Product::Card | Product::Loan)
        && case.hardship
    {
        return Segment::Hardship;
    }
    if case.balance >= 500_000
        && case.days_past_due >= 180
        && case.credit_score < 520
        && matches!(case.product, Product::Loan | Product::Auto | Product::Mortgage)
        && !case.hardship
    {
        return Segment::LegalRisk;
    }
    if case.balance >= 250_000
        && case.days_past_due >= 90
        && case.credit_score < 620
        && matches!(case.product, Product::Card | Product::Loan | Product::Auto)
        && !case.hardship
    {
        return Segment::High;
    }
    if (100_000..250_000).contains(&case.balance)
        && case.days_past_due >= 120
        && case.credit_score < 600
        && matches!(case.product, Product::Card | Product::Telco | Product::Utility)
        && !case.hardship
    {
        return Segment::Chronic;
    }
    if (20_000..900_000).contains(&case.balance)
        && (60..180).contains(&case.days_past_due)
        && (500..680).contains(&case.credit_score)
        && matches!(case.product, Product::Card | Product::Loan | Product::Auto | Product::Mortgage)
        && !case.hardship
    {
        return Segment::Late;
    }
    if case.balance < 300_000
        && case.days_past_due < 30
        && case.credit_score >= 600
        && matches!(case.product, Product::Card | Product::Loan | Product::Telco | Product::Utility)
        && !case.hardship
    {
        return Segment::Early;
    }
    if case.balance < 80_000
        && case.days_past_due < 90
        && case.credit_score >= 560
        && matches!(case.product, Product::Telco | Product::Utility)
        && !case.disputed
    {
        return Segment::Low;
    }
    if case.balance >= 300_000
        && case.days_past_due >= 30
        && case.credit_score >= 580
        && matches!(case.product, Product::Loan | Product::Mortgage)
        && !case.hardship
    {
        return Segment::Sme;
    }
    if case.balance >= 30_000
        && case.days_past_due < 240
        && case.credit_score >= 450
        && matches!(case.product, Product::Card | Product::Loan | Product::Mortgage | Product::Auto)
        && !case.disputed
    {
        return Segment::Std;
    }
    Segment::Default
}

fn settlement(case: &Case, segment: Segment) -> (u16, Role) {
    if segment == Segment::Vip && case.days_past_due < 30 && case.balance >= 1_000_000 && case.broken_promises < 2 {
        return (500, Role::Supervisor);
    }
    if segment == Segment::Dispute && case.days_past_due < 90 && case.balance < 200_000 && case.broken_promises < 1 {
        return (1500, Role::Agent);
    }
    if segment == Segment::Dispute && case.days_past_due < 180 && case.balance < 900_000 && case.broken_promises < 3 {
        return (1000, Role::Senior);
    }
    if segment == Segment::Dispute && case.days_past_due >= 90 && case.balance >= 100_000 && case.broken_promises < 10 {
        return (1250, Role::Supervisor);
    }
    if segment == Segment::Hardship && case.days_past_due < 120 && case.balance < 500_000 && case.broken_promises < 3 {
        return (3500, Role::Senior);
    }
    if segment == Segment::Hardship && case.days_past_due >= 120 && case.balance < 2_000_000 && case.broken_promises < 6
    {
        return (4500, Role::Manager);
    }
    if segment == Segment::LegalRisk
        && (180..360).contains(&case.days_past_due)
        && (500_000..2_000_000).contains(&case.balance)
        && case.broken_promises < 5
    {
        return (3000, Role::Manager);
    }
    if segment == Segment::LegalRisk
        && case.days_past_due >= 360
        && case.balance >= 500_000
        && case.broken_promises < 20
    {
        return (5500, Role::Director);
    }
    if matches!(segment, Segment::High | Segment::Chronic)
        && (90..180).contains(&case.days_past_due)
        && case.balance < 600_000
        && case.broken_promises < 3
    {
        return (2000, Role::Senior);
    }
    if matches!(segment, Segment::High | Segment::Chronic)
        && (180..300).contains(&case.days_past_due)
        && case.balance < 900_000
        && case.broken_promises < 5
    {
        return (2750, Role::Supervisor);
    }
    if matches!(segment, Segment::High | Segment::Chronic)
        && case.days_past_due >= 300
        && case.balance >= 100_000
        && case.broken_promises >= 2
    {
        return (4000, Role::Manager);
    }
    if matches!(segment, Segment::Late | Segment::Sme)
        && case.days_past_due < 120
        && case.balance < 400_000
        && case.broken_promises < 2
    {
        return (1250, Role::Agent);
    }
    if matches!(segment, Segment::Late | Segment::Sme)
        && case.days_past_due < 180
        && case.balance < 1_500_000
        && case.broken_promises < 4
    {
        return (1750, Role::Senior);
    }
    if matches!(segment, Segment::Std | Segment::Low)
        && case.days_past_due >= 60
        && case.balance < 500_000
        && case.broken_promises < 4
    {
        return (1000, Role::Agent);
    }
    if matches!(segment, Segment::Std | Segment::Low | Segment::Early)
        && case.days_past_due < 60
        && case.balance < 300_000
        && case.broken_promises < 1
    {
        return (250, Role::Agent);
    }
    if matches!(segment, Segment::Std | Segment::Default | Segment::Late | Segment::High | Segment::Sme)
        && case.days_past_due >= 30
        && case.balance >= 10_000
        && case.broken_promises >= 0
    {
        return (750, Role::Senior);
    }
    (0, Role::None)
}

fn triggers(case: &Case) -> u16 {
    let mut triggers = 0;
    if case.calls_7d >= 5 && case.last_contact_days < 2 && !case.legal_hold {
        triggers |= CALLCAP;
    }
    if case.broken_promises >= 3 && case.balance >= 100_000 {
        triggers |= BROKEN3;
    }
    if case.bankrupt {
        triggers |= BANKRUPT;
    }
    if case.deceased {
        triggers |= DECEASED;
    }
    if case.last_contact_days >= 21 && case.days_past_due >= 60 && case.consent {
        triggers |= NOCONTACT;
    }
    if case.risk_score >= 800 && case.balance >= 250_000 && case.days_past_due >= 30 {
        triggers |= HIGHRISK;
    }
    if matches!(case.language, Language::Ar | Language::Pt)
        && matches!(case.region, Region::North | Region::Islands)
        && case.calls_7d >= 2
    {
        triggers |= LANG;
    }
    if case.days_in_stage >= 45 && matches!(case.stage, Stage::Call | Stage::Promise | Stage::Negotiate) {
        triggers |= STALE;
    }
    if matches!(case.customer_type, CustomerType::Corporate | CustomerType::Sme)
        && case.balance >= 1_000_000
        && case.risk_score >= 500
    {
        triggers |= CORP;
    }
    if case.last_payment_days >= 90 && case.last_payment_amount < 5000 && !case.hardship {
        triggers |= LATEPAY;
    }
    triggers
}

fn incentive(case: &Case) -> i64 {
    if case.risk_score < 200 && case.balance < 100_000 && case.kept_promises >= 3 {
        return case.balance * 500 / 10_000;
    }
    if case.risk_score < 200 && (100_000..500_000).contains(&case.balance) && case.kept_promises >= 2 {
        return case.balance * 400 / 10_000;
    }
    if case.risk_score < 400 && case.balance < 250_000 && case.kept_promises >= 1 {
        return case.balance * 300 / 10_000;
    }
    if (200..500).contains(&case.risk_score) && (250_000..1_000_000).contains(&case.balance) && case.kept_promises >= 1
    {
        return case.balance * 250 / 10_000;
    }
    if (400..600).contains(&case.risk_score) && case.balance < 250_000 && case.kept_promises >= 0 {
        return case.balance * 200 / 10_000;
    }
    if (600..800).contains(&case.risk_score) && (50_000..2_000_000).contains(&case.balance) && case.kept_promises >= 0 {
        return case.balance * 150 / 10_000;
    }
    if case.risk_score >= 800 && case.balance >= 100_000 && case.kept_promises >= 0 {
        return case.balance * 100 / 10_000;
    }
    case.balance * 50 / 10_000
}

fn next_stage(case: &Case) -> Stage {
    match case.stage {
        Stage::New => {
            if case.deceased {
                return Stage::Closed;
            }
            if case.days_past_due >= 30 && case.risk_score >= 600 {
                return Stage::Call;
            }
            if case.days_past_due >= 5 && case.consent {
                return Stage::Soft;
            }
        }
        Stage::Soft => {
            if case.disputed {
                return Stage::Closed;
            }
            if case.days_past_due >= 30 && case.days_in_stage >= 10 {
                return Stage::Remind;
            }
            if case.emails_7d >= 4 && case.sms_7d >= 3 {
                return Stage::Remind;
            }
        }
        Stage::Remind => {
            if case.bankrupt {
                return Stage::Legal;
            }
            if case.days_in_stage >= 14 && case.balance >= 50_000 {
                return Stage::Call;
            }
            if case.risk_score >= 850 && case.days_past_due >= 45 {
                return Stage::Call;
            }
        }
        Stage::Call => {
            if case.bankrupt {
                return Stage::Legal;
            }
            if case.kept_promises >= 1 && case.last_contact_days < 7 {
                return Stage::Promise;
            }
            if case.broken_promises >= 2 && case.days_past_due >= 60 {
                return Stage::Negotiate;
            }
        }
        Stage::Promise => {
            if case.broken_promises >= 3 {
                return Stage::Negotiate;
            }
            if case.last_payment_days < 5 && case.last_payment_amount >= 10_000 {
                return Stage::Closed;
            }
            if case.days_in_stage >= 20 && case.days_past_due >= 90 {
                return Stage::PreLegal;
            }
        }
        Stage::Negotiate => {
            if case.hardship && case.last_payment_days < 30 {
                return Stage::Promise;
            }
            if case.days_in_stage >= 30 && case.balance >= 500_000 {
                return Stage::PreLegal;
            }
            if case.days_in_stage >= 30 {
                return Stage::Agency;
            }
        }
        Stage::PreLegal => {
            if case.legal_hold {
                return Stage::PreLegal;
            }
            if case.days_past_due >= 180 && case.balance >= 500_000 && !case.bankrupt {
                return Stage::Legal;
            }
            if case.days_in_stage >= 60 {
                return Stage::Agency;
            }
        }
        Stage::Legal => {
            if case.deceased {
                return Stage::Closed;
            }
            if case.last_payment_days < 15 && case.last_payment_amount >= 50_000 {
                return Stage::Negotiate;
            }
            if case.days_past_due >= 720 && case.balance < 100_000 {
                return Stage::Closed;
            }
        }
        Stage::Agency => {
            if case.last_payment_days < 10 {
                return Stage::Promise;
            }
            if case.days_past_due >= 540 && case.tenure_months >= 24 {
                return Stage::Closed;
            }
            if case.disputed && !case.legal_hold {
                return Stage::Call;
            }
        }
        Stage::Closed => {
            if case.balance >= 1 && case.last_payment_days < 3 && !case.deceased {
                return Stage::Soft;
            }
            if case.disputed && case.balance >= 900_000 {
                return Stage::Negotiate;
            }
            if case.balance >= 0 && case.days_in_stage >= 3650 {
                return Stage::Closed;
            }
        }
    }
    case.stage
}
