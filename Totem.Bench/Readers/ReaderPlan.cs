using System.Globalization;

namespace Totem.Bench.Readers;

/// <summary>The ways in which the last node of a ring takes its deliveries.</summary>
internal enum ReaderKind
{
    /// <summary>It is not there.</summary>
    Absent,

    /// <summary>It reads all.</summary>
    Whole,

    /// <summary>It reads at a rate.</summary>
    Slow,

    /// <summary>It stops reading for a while, and goes on.</summary>
    Paused,
}

/// <summary>One ring that is measured.</summary>
/// <param name="Kind">The behaviour of its reader.</param>
/// <param name="Share">Of the offered rate, how much a slow one reads.</param>
internal sealed record ReaderCase(ReaderKind Kind, double Share = 1);

/// <summary>The flags of the command.</summary>
/// <param name="Nodes">How many nodes, with the reader.</param>
/// <param name="Size">The length of a message.</param>
/// <param name="Rate">Messages a second that all but the reader send together.</param>
/// <param name="Percents">Of the offered rate, what the reader takes; a case each.</param>
/// <param name="PauseSeconds">How long the reader pauses.</param>
/// <param name="Seconds">How long the window of each case is.</param>
/// <param name="WarmUpSeconds">How long the load runs before it.</param>
/// <param name="Runs">How often everything is measured.</param>
/// <param name="Transport">The transport, <c>udp</c> or <c>udpu</c>.</param>
internal sealed record ReaderPlan(
    int Nodes, int Size, double Rate, IReadOnlyList<int> Percents, double PauseSeconds, double Seconds,
    double WarmUpSeconds, int Runs, string Transport)
{
    /// <summary>The rate offered by default: a good share of what a ring of three can take, so that its members have
    /// time for themselves.</summary>
    public const int DefaultRate = 20_000;

    /// <summary>How long the reader pauses by default.</summary>
    public const int DefaultPause = 60;

    /// <summary>The shortest pause that can be looked at: its first seconds do not count.</summary>
    public const int PauseMin = 6;

    private const double Percent = 100;
    private const double RunOverhead = 2;
    // Until then the compiler is measured, and queues fill that a reader which is nearly fast enough lives on.
    private const double CompilerSeconds = 30;

    /// <summary>The name in the report.</summary>
    public static ReaderPlan OfReport(bool isQuick) => new(
        3, 1350, DefaultRate, [10, 50, 90], isQuick ? PauseMin : DefaultPause, isQuick ? 1 : 10,
        isQuick ? 1 : CompilerSeconds, 1, "udp");

    /// <summary>How long it takes, about, in seconds.</summary>
    public double Estimate =>
        Runs * (Cases.Count * (WarmUpSeconds + Seconds + RunOverhead) + PauseSeconds + ReaderResult.SettleSeconds);


    /// <summary>The rings, in their order: what the others are compared with comes first.</summary>
    public IReadOnlyList<ReaderCase> Cases =>
        [new(ReaderKind.Absent), new(ReaderKind.Whole),
            .. Percents.Select(x => new ReaderCase(ReaderKind.Slow, x / Percent)), new(ReaderKind.Paused)];

    /// <summary>The load as the nodes read it.</summary>
    public string Load => string.Create(CultureInfo.InvariantCulture, $"rate:{Rate}");
}
