using System.Globalization;
using Totem.Cli.Output;

namespace Totem.Cli.Demos;

/// <summary>The report of a demo for people.</summary>
internal static class DemoTable
{
    /// <summary>Writes the tables and the verdict.</summary>
    public static void Write(DemoReport report, TextWriter output)
    {
        var configurations = new TextTable("configuration", "members", ">messages", "order hash", "the same at");
        foreach (var x in report.Configurations)
        {
            configurations.Add(
                x.Ring, Ids(x.Members), Number(x.Messages), x.OrderHash ?? "DIFFERS", Ids(x.DeliveredBy));
        }

        var lives = new TextTable("node", ">sent", ">delivered", ">configurations", "order hash");
        foreach (var x in report.Lives)
        {
            var name = x.Killed ? $"{x.Node} (killed)" : x.Life > 1 ? $"{x.Node} (restarted)" : $"{x.Node}";
            lives.Add(name, Number(x.Sent), Number(x.Delivered), Number(x.Configurations), x.OrderHash ?? "not there "
                + "all the time");
        }

        output.WriteLine();
        output.WriteLine(configurations);
        output.WriteLine(lives);
        output.WriteLine($"  removed because  {report.RemovalCause}");
        output.WriteLine($"  formation        {Time(report.Times.Formation)} after the last process was up");
        output.WriteLine($"  removal          {Time(report.Times.Removal)} after SIGKILL, at the last of the others "
            + $"(first: {Time(report.Times.Detection)})");
        output.WriteLine($"  rejoin           {Time(report.Times.Rejoin)} after the restarted process was up");
        output.WriteLine($"  whole run        {Time(report.Times.Total)}");
        output.WriteLine($"  rules checked    {string.Join(", ", report.RulesChecked)} over "
            + $"{Number(report.TraceEvents)} events");
        if (report.Traces is not null)
            output.WriteLine($"  traces           {report.Traces}");
        output.WriteLine();
        foreach (var problem in report.Problems)
            output.WriteLine($"  BROKEN: {problem}");
        output.WriteLine(report.Holds ? "  Everything held." : "  NOT everything held.");
    }

    // 1-13, 15: fourteen members have to fit on a line.
    private static string Ids(uint[] ids)
    {
        var parts = new List<string>();
        for (var i = 0; i < ids.Length; i++)
        {
            var first = i;
            while (i + 1 < ids.Length && ids[i + 1] == ids[i] + 1)
                i++;
            parts.Add(i == first ? $"{ids[i]}" : i == first + 1 ? $"{ids[first]}, {ids[i]}" : $"{ids[first]}-{ids[i]}");
        }

        return string.Join(", ", parts);
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Time(double milliseconds)
        => milliseconds < 1000
            ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms")
            : string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0.00} s");
}
