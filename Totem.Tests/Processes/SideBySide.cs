using Xunit;

namespace Totem.Tests.Processes;

/// <summary>Cases that wait for the timers of real daemons most of their time, each with a network of its own: they run
/// at the same time, and the failure names its case.</summary>
internal static class SideBySide
{
    public static async Task RunAsync<T>(IEnumerable<T> cases, Func<T, Task> test)
    {
        var failures = await Task.WhenAll(cases.Select(x => Task.Run(() => FailureOf(x, test))));
        var failed = failures.OfType<string>().ToList();
        Assert.True(failed.Count == 0, string.Join("\n\n", failed));
    }

    private static async Task<string?> FailureOf<T>(T each, Func<T, Task> test)
    {
        try
        {
            await test(each);
            return null;
        }
        catch (Exception failure)
        {
            return $"{each}: {failure}";
        }
    }
}
