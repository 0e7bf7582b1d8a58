using System.Threading.Channels;
using Totem.Cli.Sheep;
using Totem.Cli.Workers;
using Totem.Sheepdog;
using Totem.Tests.Transport;

namespace Totem.Tests.Cli;

public sealed class SheepSessionTests
{
    [Fact]
    public async Task A_message_that_is_too_long_is_refused_and_the_next_command_is_done()
    {
        var printed = await Run("notify " + new string('x', ClusterLimits.MaxMessageBytes + 1), "notify hello");
        Assert.Contains("failed: notify of 131073 bytes, expected at most 131072", printed, StringComparison.Ordinal);
        Assert.Contains(": hello", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_update_shows_the_members_with_the_new_description()
    {
        Assert.Contains("epoch 2 [127.0.0.1:7000:5] 127.0.0.1:7000:5 updated", await Run("update 5"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_for_people_begin_with_the_time_of_day()
    {
        var printed = (await Run("notify hello")).Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.All(printed, x => Assert.Matches(@"^\d\d:\d\d:\d\d\.\d\d\d ", x));
    }

    [Fact]
    public async Task The_steps_of_the_protocol_are_printed_when_they_are_asked_for()
    {
        Assert.DoesNotContain("* debug: ", await Run("notify hello"), StringComparison.Ordinal);
        Assert.Contains("* debug: Node 1 enters operational of ring ", await Run(isVerbose: true, "notify hello"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "joined", "joined")]
    [InlineData("left", "left", "left")]
    [InlineData("killed", "left", "left: its process has ended")]
    [InlineData("silent", "left", "left: it is not heard any more")]
    [InlineData("restarted", "left", "left: it was started again")]
    public void A_leave_says_why(string? reason, string why, string said)
    {
        var epoch = new SheepEpoch(DateTimeOffset.UtcNow, 3, why, "127.0.0.1:7001:128", ["127.0.0.1:7000:128"], reason);
        using var people = new StringWriter();
        new SheepOutput(people, isJson: false).Write(epoch);
        Assert.EndsWith($" epoch 3 [127.0.0.1:7000:128] 127.0.0.1:7001:128 {said}", people.ToString().TrimEnd(),
            StringComparison.Ordinal);
        using var programs = new StringWriter();
        new SheepOutput(programs, isJson: true).Write(epoch);
        Assert.Equal(
            reason is not null, programs.ToString().Contains($"\"reason\":\"{reason}\"", StringComparison.Ordinal));
    }

    /// <summary>The lines of a cluster's only sheep that is told something once it has joined, and then
    /// leaves.</summary>
    private static Task<string> Run(params string[] typed) => Run(isVerbose: false, typed);

    private static async Task<string> Run(bool isVerbose, params string[] typed)
    {
        using var ports = PortBlock.Take();
        using var state = new TemporaryDirectory();
        using var driver = ClusterDrivers.Create($"totem:port={ports.BasePort},state={state.Path}", out var option);
        using var output = new WatchedWriter(" joined");
        var session = new SheepSession(driver, option, 7000, new SheepOutput(output, isJson: false), isVerbose);
        session.Start();
        var lines = Channel.CreateUnbounded<string>();
        var running = Task.Run(() => session.Run(lines.Reader, CancellationToken.None));
        await output.Seen.WaitAsync(HangLimit.OfAWait);
        foreach (var line in typed)
            lines.Writer.TryWrite(line);
        lines.Writer.Complete();
        Assert.Null(await running);
        return output.ToString();
    }

    /// <summary>Tells when a line with a text was written.</summary>
    private sealed class WatchedWriter(string text) : StringWriter
    {
        private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Seen => _seen.Task;

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(text, StringComparison.Ordinal) == true)
                _seen.TrySetResult();
        }
    }
}
