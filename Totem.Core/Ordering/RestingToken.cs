using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Ordering;

/// <summary>A token that stays with its holder for a while, and what has been done with it since.</summary>
/// <param name="token">The token as it would go on.</param>
/// <param name="allowance">How many more frames may be numbered before it must go on: what flow
/// control leaves of the visit.</param>
/// <param name="lends">A member that asks for it borrows it; otherwise it sets out.</param>
/// <param name="ends">When it goes on at the latest.</param>
internal sealed class RestingToken(in RegularToken token, int allowance, bool lends, Instant ends)
{
    /// <summary>The token; its seq and its flow control count grow while it rests.</summary>
    public RegularToken Token { get; set; } = token;

    /// <summary>The rest of the visit's share.</summary>
    public int Allowance { get; private set; } = allowance;

    /// <summary>A member that asks for it borrows it; otherwise it sets out.</summary>
    public bool Lends => lends;

    /// <summary>When it goes on at the latest.</summary>
    public Instant Ends { get; set; } = ends;

    /// <summary>Since when something of ours waits to be numbered; null when nothing does.</summary>
    public Instant? WorkSince { get; set; }

    /// <summary>Something of ours waits, and may be numbered now.</summary>
    public bool HasWork => WorkSince is not null && Loan is null;

    /// <summary>To whom it is lent; null while it is here.</summary>
    public Loan? Loan { get; set; }

    /// <summary>How often it has been lent.</summary>
    public uint LoanCount { get; set; }

    /// <summary>It goes on as soon as it is back: its time is up, or somebody else has asked for it.</summary>
    public bool IsOver { get; set; }

    /// <summary>Messages of our own were numbered in this visit.</summary>
    public bool HasServedUs { get; set; }

    /// <summary>More frames were numbered, by us or by a borrower.</summary>
    public void Count(Seq through)
    {
        var sent = through.DistanceFrom(Token.Seq);
        Invariant.That(sent >= 0 && sent <= Allowance, "no more is numbered than the visit's share");
        Token = Token with { Seq = through, FlowControlCount = Token.FlowControlCount + (uint)sent };
        Allowance -= sent;
        Invariant.That(Allowance >= 0, "what is left of a share is no debt");
    }
}

/// <summary>A loan of a token.</summary>
/// <param name="To">The member that has it.</param>
/// <param name="Number">The loan's number in this rest.</param>
/// <param name="Allowance">How many numbers it may give.</param>
internal sealed record Loan(ProcessorId To, uint Number, int Allowance);
