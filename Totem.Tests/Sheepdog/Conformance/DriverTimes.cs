using System.Diagnostics;
using System.Globalization;
using System.Text;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Native;
using Totem.Tests.Sheepdog.ZooKeeper;
using Totem.Tests.Transport;
using Xunit.Abstractions;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>
/// The times that DRIVER §13 has of sheep's C drivers, of ours: from the action to what the sheep that observe it are
/// told, each a process. It is measured, and only when <c>TOTEM_DRIVER_TIMES</c> says how often; nothing is asserted of
/// a time. The result is a table in Markdown, also in the file that <c>TOTEM_DRIVER_TIMES_FILE</c> names.
/// </summary>
[Collection(RealProcesses.Name)]
public sealed class DriverTimes(ITestOutputHelper output)
{
    private readonly int _firstPort = Ports.TakeBase();

    private static readonly int Rounds = int.TryParse(
        Environment.GetEnvironmentVariable("TOTEM_DRIVER_TIMES"), CultureInfo.InvariantCulture, out var count)
            ? count
            : 0;

    private readonly StringBuilder _table = new();

    [LinuxFact]
    public void Times_are_measured_on_request()
    {
        if (Rounds == 0)
            return;
        using var state = new TemporaryDirectory();
        _table.AppendLine(CultureInfo.InvariantCulture, $"median / worst of {Rounds}, in ms; load of the host "
            + $"{File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
        using var servers = new SingleServer();
        foreach (var nodes in (int[])[3, 14])
        {
            Measure("totem, by minisheep in C", nodes, [SheepdogBuild.Minisheep, "-y", "127.0.0.1", "-c",
                $"totem:port={Ports.TakeBase()},state={state.Path}/c"]);
            Measure("totem, by `totem sheep`", nodes,
                [.. TotemSheep, $"totem:port={Ports.TakeBase()},state={state.Path}"]);
            Measure("local", nodes, [.. TotemSheep, $"local:{state.Path}/local{nodes}"]);
            Measure(
                "zookeeper, one server, timeout 4000", nodes,
                [.. TotemSheep,
                    $"zookeeper:127.0.0.1:{servers.Servers[0].Port}{ZooKeeperEnsemble.NewRoot()},timeout=4000"]);
        }

        output.WriteLine(_table.ToString());
        if (Environment.GetEnvironmentVariable("TOTEM_DRIVER_TIMES_FILE") is { Length: > 0 } file)
            File.WriteAllText(file, _table.ToString());
    }

    private void Measure(string driver, int nodes, string[] command)
    {
        var sheep = new SortedDictionary<int, ProcessSheep>();
        try
        {
            _table.AppendLine(CultureInfo.InvariantCulture, $"\n{driver}, {nodes} sheep\n");
            _table.AppendLine("| quantity | first told | last told |").AppendLine("|---|---|---|");
            var begun = DateTimeOffset.UtcNow;
            for (var i = 0; i < nodes; i++)
                sheep[i] = Start(i, command);
            foreach (var one in sheep.Values)
                one.WaitForMembers([.. sheep.Keys]);
            var listed = sheep.Values.Select(x => x.LastMembership - begun).Select(x => x.TotalMilliseconds).ToArray();
            _table.AppendLine(CultureInfo.InvariantCulture, $"| {nodes} processes started at once: all are listed | "
                + $"{listed.Min():0} | {listed.Max():0} |");

            var (joins, notifies, leaves, kills) = (new Times(), new Times(), new Times(), new Times());
            for (var round = 0; round < Rounds; round++)
            {
                // Not the oldest and not the last.
                var victim = 1 + (round % (nodes - 1));
                var others = sheep.Values.Where(x => x.Identity != victim).ToArray();
                var text = $"{round}";
                var sent = DateTimeOffset.UtcNow;
                sheep[victim].Notify(text);
                notifies.Add(sent, sheep.Values.Select(x => x.TimeOf(TestSheep.NotifyLine(victim, text))));

                var isKill = round % 2 == 0;
                var seen = others.Select(x => x.CountOf($"leave {victim} ")).ToArray();
                var ended = DateTimeOffset.UtcNow;
                if (isKill)
                    sheep[victim].Kill();
                else
                    sheep[victim].Terminate();
                (isKill ? kills : leaves)
                    .Add(ended, others.Select((x, i) => x.TimeOf($"leave {victim} ", seen[i] + 1)));
                _ = sheep[victim].ExitCode;
                sheep[victim].Dispose();

                sheep[victim] = Start(victim, command);
                foreach (var one in sheep.Values)
                    one.WaitForMembers([.. sheep.Keys]);
                joins.Add(sheep[victim].TimeOf("{"), [sheep[victim].TimeOf($"accept {victim} ")]);
            }

            joins.Write(_table, "join call to own accept");
            notifies.Write(_table, "notify to delivery (standard input included)");
            leaves.Write(_table, "SIGTERM to the others' leave event");
            kills.Write(_table, "kill -9 to the others' leave event");
        }
        finally
        {
            foreach (var one in sheep.Values)
                one.Dispose();
        }
    }

    private static string[] TotemSheep => ["dotnet", typeof(Totem.Cli.Demos.Demo).Assembly.Location, "sheep", "-c"];

    private ProcessSheep Start(int identity, string[] command) => new(command, identity, _firstPort);

    /// <summary>Of a quantity, for whom it was told first and last in each round.</summary>
    private sealed class Times
    {
        private readonly List<double> _first = [];
        private readonly List<double> _last = [];

        public void Add(DateTimeOffset since, IEnumerable<DateTimeOffset> told)
        {
            var times = told.Select(x => (x - since).TotalMilliseconds).ToArray();
            _first.Add(times.Min());
            _last.Add(times.Max());
        }

        public void Write(StringBuilder table, string quantity)
        {
            if (_first.Count > 0)
                table.AppendLine(CultureInfo.InvariantCulture, $"| {quantity} | {Text(_first)} | {Text(_last)} |");
        }

        private static string Text(List<double> times) =>
            string.Create(
                CultureInfo.InvariantCulture, $"{times.Order().ElementAt(times.Count / 2):0.0} / {times.Max():0.0}");
    }
}
