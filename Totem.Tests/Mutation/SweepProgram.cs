using System.Diagnostics;
using System.Globalization;

namespace Totem.Tests.Mutation;

/// <summary>
/// The sweep as a command: <c>sweep [--first PLAIN,GROUPS,PAIR-CUT] [--second PLAIN,GROUPS,PAIR-CUT] [PATH...]</c>. It
/// breaks every condition below these paths of Totem.Core (<c>Ordering/</c>, <c>Ordering/TokenHold.cs</c>,
/// <c>Ordering/TokenHold.cs:24</c>), and prints what became of each. Survivors of the first share of scenarios run a
/// second, and then the written scenarios.
/// </summary>
internal static class SweepProgram
{
    private static readonly string[] PathsByDefault = ["Membership/", "Ordering/", "Recovery/"];

    public static int Run(string[] arguments)
    {
        var paths = new List<string>();
        var (first, second) = (new SweepShare(250, 75, 75), new SweepShare(3000, 1500, 480));
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--first")
                first = Share(arguments[++i]);
            else if (arguments[i] == "--second")
                second = Share(arguments[++i]);
            else
                paths.Add(arguments[i]);
        }

        Run(paths.Count == 0 ? PathsByDefault : [.. paths], first, second);
        return 0;
    }

    private static void Run(string[] paths, SweepShare first, SweepShare second)
    {
        var clock = Stopwatch.StartNew();
        var sweep = new ConditionSweep(
            file => paths.Any(x => file.StartsWith(x.Split(':')[0], StringComparison.Ordinal)));
        var sites = sweep.Sites.Where(x => paths.Any(path => IsBelow(x, path))).ToList();
        Console.WriteLine($"{sites.Count} conditions");
        var survivors = Round(sweep, Round(sweep, sites, first, clock), second, clock);
        foreach (var site in survivors)
            Console.WriteLine($"{site}: {sweep.WrittenThatNotices(site) ?? "no written scenario"} notices");
    }

    private static bool IsBelow(ConditionSite site, string path) => path.Contains(':', StringComparison.Ordinal)
        ? path == $"{site.File}:{site.Line}"
        : site.File.StartsWith(path, StringComparison.Ordinal);

    private static List<ConditionSite> Round(
        ConditionSweep sweep, List<ConditionSite> sites, SweepShare share, Stopwatch clock)
    {
        var survivors = new List<ConditionSite>();
        foreach (var site in sites)
        {
            var outcome = sweep.Run(site, share);
            Console.WriteLine($"{outcome} ({clock.Elapsed.TotalSeconds:0} s)");
            if (outcome.Rule is null)
                survivors.Add(site);
        }

        Console.WriteLine($"{survivors.Count} of {sites.Count} survive {share}");
        return survivors;
    }

    private static SweepShare Share(string text) =>
        text.Split(',').Select(x => int.Parse(x, CultureInfo.InvariantCulture))
            .ToArray() is [var plain, var groups, var pairCut]
            ? new SweepShare(plain, groups, pairCut)
            : throw new ArgumentException($"{text}, expected PLAIN,GROUPS,PAIR-CUT", nameof(text));
}
