using System.Collections.Concurrent;
using System.Globalization;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;
using Totem.Transport.Udp.Corosync;
using Xunit;

namespace Totem.Tests.Corosync;

/// <summary>The table of configuration files (<c>Configurations.txt</c>): what we make of each, and whether corosync
/// says what stands there.</summary>
public sealed class ConfigurationTableTests
{
    [Fact]
    public void Each_file_means_what_it_means_to_corosync()
    {
        var failures = ConfigurationCase.All().SelectMany(Failures).ToList();
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [PackageFact("corosync")]
    public void The_table_has_the_verdicts_of_corosync()
    {
        using var folder = new TemporaryDirectory();
        var failures = new List<string>();
        foreach (var one in ConfigurationCase.All())
        {
            var path = Path.Combine(folder.Path, "c.conf");
            File.WriteAllText(path, one.File);
            var (exitCode, said) = SystemCommand.TryRun($"corosync -t -c {path}");
            if (exitCode == 0 != one.IsTakenByCorosync)
                failures.Add($"Configurations.txt:{one.Line}: corosync -t ended with {exitCode}: {said.Trim()}");
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [CorosyncDaemonFact]
    public void The_table_has_the_values_of_a_daemon()
    {
        var failures = new ConcurrentQueue<string>();
        // Daemons mostly wait.
        Parallel.ForEach(
            ConfigurationCase.All().Where(x => x.Verdict == ConfigurationVerdict.Yes && x.Values.Count > 0),
            new ParallelOptions { MaxDegreeOfParallelism = 4 },
            one =>
            {
                using var folder = new TemporaryDirectory();
                foreach (var text in DaemonValues.Differences(one, folder.Path))
                    failures.Enqueue($"Configurations.txt:{one.Line}: {text}");
            });
        Assert.True(failures.IsEmpty, string.Join('\n', failures));
    }

    private static IEnumerable<string> Failures(ConfigurationCase one)
    {
        CorosyncConf? conf = null;
        IReadOnlyList<string> said;
        try
        {
            conf = CorosyncConf.Parse(one.File, "c.conf", null, new HostTable("table", "127.0.0.1", "::1")
            {
                Names = { ["localhost"] = ["::1", "127.0.0.1"] },
            });
            said = conf.Notices;
        }
        catch (CorosyncConfException failure)
        {
            said = failure.Problems;
        }

        var place = $"Configurations.txt:{one.Line}";
        if (conf is null == (one.Verdict == ConfigurationVerdict.Yes))
            yield return $"{place}: we {(conf is null ? "refuse" : "take")} it: {string.Join(" / ", said)}";
        else if (one.Text is { } text && !said.Any(line => line.StartsWith($"c.conf:{text}", StringComparison.Ordinal)
            || line.Contains(text, StringComparison.Ordinal)))
            yield return $"{place}: expected '{text}', got: {string.Join(" / ", said)}";
        if (conf is null)
            yield break;
        foreach (var (key, value) in one.Values)
        {
            if (ValueOf(conf, key) is var got && got != value)
                yield return $"{place}: {key} is {got}, expected {value}";
        }
    }

    private static string ValueOf(CorosyncConf conf, string key)
    {
        return key switch
        {
            "token" => Milliseconds(conf.Ring.TokenTimeout),
            "token_retransmit" => Milliseconds(conf.Ring.TokenRetransmit),
            "hold" => Milliseconds(conf.Ring.TokenHold),
            "join" => Milliseconds(conf.Ring.JoinInterval),
            "consensus" => Milliseconds(conf.Ring.ConsensusTimeout),
            "merge" => Milliseconds(conf.Ring.MergeDetectInterval),
            "window_size" => Number(conf.Ring.WindowSize),
            "max_messages" => Number(conf.Ring.MaxMessagesPerVisit),
            "seqno_unchanged_const" => Number(conf.Ring.IdleVisitsBeforeHold),
            "netmtu" => Number(conf.Ring.NetMtu),
            "block_unlisted_ips" => conf.Transport.AcceptUnlistedSources ? "0" : "1",
            "cluster_name" => conf.ClusterName,
            "port" => Number(conf.Transport.Peers[0].EndPoint.Port),
            "mcastaddr" => conf.Transport.Group?.ToString() ?? "",
            "nodes" => string.Join(',', conf.Transport.Peers.Select(peer => peer.Id.ToString())),
            "self" => conf.Ring.Self.ToString(),
            "votes" => Number(conf.Groups.Votes ?? -1),
            "expected_votes" => Number(conf.Groups.ExpectedVotes),
            _ => throw new FormatException($"there is no value '{key}'"),
        };

        static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);

        static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
